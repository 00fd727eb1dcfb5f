// A function's code for the CDK. It is written straight into the cloud assembly, and the same input has the same hash.

import { DockerImage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AssetHashType } from 'aws-cdk-lib/core';

/**
 * @param write writes the bundle, with the file beside it, into a folder
 * @param file the content of the file beside the bundle
 */
export function functionCode<File extends object>(
  write: (directory: string, file: File) => void,
  file: File,
): lambda.Code {
  return lambda.Code.fromAsset(import.meta.dirname, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('never-pulled'),
      // The CDK reuses a bundling with the same options. Without this, all functions would get the first function's
      // file.
      environment: { WRITER: write.name, FILE: JSON.stringify(file) },
      local: {
        tryBundle(directory) {
          write(directory, file);
          return true;
        },
      },
    },
  });
}
