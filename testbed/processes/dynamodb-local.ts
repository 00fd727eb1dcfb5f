// DynamoDB Local, which is AWS's own and the judge of conditional writes.

import { findJavaProgram } from './maven.ts';

export const DYNAMODB_LOCAL_VERSION = '3.3.1';

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>${DYNAMODB_LOCAL_VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** The folder of its jars, or the sentence that says why there is none. */
export const findDynamoDbLocal = () =>
  findJavaProgram({
    name: 'DynamoDB Local',
    folder: 'dynamodb-local',
    version: DYNAMODB_LOCAL_VERSION,
    pom: POM,
    goal: (folder) => ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
  });
