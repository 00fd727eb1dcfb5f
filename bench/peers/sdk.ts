// What any function with a table has to load: one client of the AWS SDK.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

export const dynamoDb = new DynamoDBClient({});
