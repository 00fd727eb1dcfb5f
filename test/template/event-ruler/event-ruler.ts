// Event Ruler, which is AWS's own matcher of event patterns.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../../local/temporary-folder.ts';
import { run } from '../../../testbed/processes/children.ts';
import { findJavaProgram } from '../../../testbed/processes/maven.ts';

const VERSION = '2.1.0';
const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>event-ruler</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>software.amazon.event.ruler</groupId><artifactId>event-ruler</artifactId><version>${VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** The folder of its jars, or the sentence that says why there is none. */
export const findEventRuler = () =>
  findJavaProgram({
    name: 'Event Ruler',
    folder: 'event-ruler',
    version: VERSION,
    pom: POM,
    goal: (folder) => ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
  });

/** For each event, whether the pattern matches it. */
export async function matches(jars: string, pattern: object, events: readonly object[]): Promise<readonly boolean[]> {
  const folder = temporaryFolder();
  const file = join(folder.path, 'events');
  await writeFile(file, [pattern, ...events].map((each) => JSON.stringify(each)).join('\n'));
  const printed = await run('java', ['-cp', join(jars, '*'), join(import.meta.dirname, 'Matches.java'), file]);
  await folder.close();
  return printed
    .trim()
    .split('\n')
    .map((line) => line === 'true');
}
