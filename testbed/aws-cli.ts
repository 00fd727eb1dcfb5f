// The AWS CLI that operators use, from PyPI.

import { PythonEnvironment } from './processes/python.ts';

export const awsCli = new PythonEnvironment('aws-cli', 'awscli==1.46.3');
