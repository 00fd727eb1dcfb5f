// Calls a profile with net/http. The AWS SDK for Go signs, with its default chain of credentials.
//
//	TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 go run . form 'SCOPE SCOPE'
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := call(ctx, settings, os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
}

func call(ctx context.Context, settings aws.Config, kind, scope string) (string, error) {
	switch kind {
	case "form":
		form := url.Values{"scope": {scope}}.Encode()
		return send(ctx, settings, http.MethodPost, "/oauth/token", "application/x-www-form-urlencoded", form)
	case "json":
		body, err := json.Marshal(map[string]string{"scope": scope})
		if err != nil {
			return "", err
		}
		return send(ctx, settings, http.MethodPost, "/oauth/token", "application/json", string(body))
	default:
		return send(ctx, settings, http.MethodGet, "/.well-known/oauth-authorization-server", "", "")
	}
}

func send(ctx context.Context, settings aws.Config, method, path, contentType, body string) (string, error) {
	endpoint := strings.TrimSuffix(os.Getenv("TOKEN_VENDING_URL"), "/") + path
	request, err := http.NewRequestWithContext(ctx, method, endpoint, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	credentials, err := settings.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(body))
	payload, signer := hex.EncodeToString(hash[:]), v4.NewSigner()
	if err := signer.SignHTTP(ctx, credentials, request, payload, "lambda", settings.Region, time.Now()); err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", response.StatusCode, answer)
	}
	return string(answer), err
}
