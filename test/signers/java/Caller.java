// Calls a profile with Java. The AWS SDK for Java 2 signs and sends, with its default chain of credentials.
//
//   TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 java Caller form 'SCOPE SCOPE'

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

public class Caller {
    public static void main(String[] arguments) throws IOException {
        String scope = arguments[1];
        System.out.println(switch (arguments[0]) {
            case "form" -> post("application/x-www-form-urlencoded", "scope=" + URLEncoder.encode(scope, UTF_8));
            case "json" -> post("application/json", "{\"scope\":\"" + scope + "\"}");
            // With a payload, even an empty one, this HTTP client would send POST.
            default -> send(request(SdkHttpMethod.GET, "/.well-known/oauth-authorization-server"), null);
        });
    }

    static String post(String contentType, String body) throws IOException {
        var request = request(SdkHttpMethod.POST, "/oauth/token").putHeader("Content-Type", contentType);
        return send(request, ContentStreamProvider.fromUtf8String(body));
    }

    static SdkHttpRequest.Builder request(SdkHttpMethod method, String path) {
        var url = URI.create(System.getenv("TOKEN_VENDING_URL"));
        return SdkHttpRequest.builder().method(method).uri(url.resolve(path));
    }

    static String send(SdkHttpRequest.Builder request, ContentStreamProvider payload) throws IOException {
        var signed = AwsV4HttpSigner.create().sign(signing -> signing
            .identity(DefaultCredentialsProvider.builder().build().resolveCredentials())
            .request(request.build())
            .payload(payload)
            .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "lambda")
            .putProperty(AwsV4HttpSigner.REGION_NAME, System.getenv("AWS_REGION")));
        var call = HttpExecuteRequest.builder().request(signed.request());
        signed.payload().ifPresent(call::contentStreamProvider);
        try (var client = UrlConnectionHttpClient.create()) {
            var answer = client.prepareRequest(call.build()).call();
            var text = new String(answer.responseBody().orElseThrow().readAllBytes(), UTF_8);
            var status = answer.httpResponse().statusCode();
            if (status != 200) throw new IOException(status + " " + text);
            return text;
        }
    }
}
