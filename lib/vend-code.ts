// The functions' code: a bundle, and the function's file beside it. Local mode and the tests run the same bundle.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RotationFile } from '../lambda/rotate/settings.ts';
import type { ProfileFile } from '../lambda/vend/settings.ts';
import { bundleFiles, type FunctionName } from './function-bundle.ts';

/** Writes the vend function's bundle and `profile.json` into a folder. The handler is `handler` of `index.mjs`. */
export function writeVendCode(directory: string, profile: ProfileFile): void {
  writeCode('vend', directory, { 'profile.json': profile });
}

/** Writes the rotation function's bundle and `rotation.json` into a folder. */
export function writeRotateCode(directory: string, rotation: RotationFile): void {
  writeCode('rotate', directory, { 'rotation.json': rotation });
}

/** Writes the canary's bundle into a folder. */
export function writeCanaryCode(directory: string): void {
  writeCode('canary', directory, {});
}

function writeCode(functionName: FunctionName, directory: string, files: Readonly<Record<string, object>>): void {
  mkdirSync(directory, { recursive: true });
  for (const { name, contents } of bundleFiles(functionName)) writeFileSync(join(directory, name), contents);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), JSON.stringify(content));
}
