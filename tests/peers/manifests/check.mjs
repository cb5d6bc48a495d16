// Reads manifests from standard input and compiles each as a value of its Kubernetes type: unknown fields, wrong types and missing fields are errors.
// Prints "KIND NAME is good", or the compiler's words, and ends with 1. Kinds without a type here (custom resources) are named and left alone.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';

const here = import.meta.dirname;
const groups = { 'rbac.authorization.k8s.io': 'rbac', 'admissionregistration.k8s.io': 'admissionregistration', 'networking.k8s.io': 'networking', 'policy': 'policy', 'apps': 'apps', 'coordination.k8s.io': 'coordination' };
const documents = parseAllDocuments(fs.readFileSync(0, 'utf8')).map((document) => document.toJS()).filter(Boolean);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manifests-'));
fs.symlinkSync(path.join(here, 'node_modules'), path.join(folder, 'node_modules'));
// Fields of the API (admissionregistration.k8s.io/v1, NamedRuleWithOperations) that these types lack.
const missing = path.join(folder, 'missing.ts');
fs.writeFileSync(missing, `import 'kubernetes-types/admissionregistration/v1.js';
declare module 'kubernetes-types/admissionregistration/v1.js' { interface NamedRuleWithOperations { resources?: string[]; scope?: string } }\n`);
let failed = false;
const files = new Map();
for (const [index, value] of documents.entries()) {
  const [group, version] = value.apiVersion.includes('/') ? value.apiVersion.split('/') : ['core', value.apiVersion];
  const module = group === 'core' ? 'core' : groups[group];
  if (!module) { console.log(`${value.kind} ${value.metadata.name} has no type here`); continue; }
  const file = path.join(folder, `${index}.ts`);
  fs.writeFileSync(file, `import type { ${value.kind} } from 'kubernetes-types/${module}/${version}.js';\nexport const manifest: ${value.kind} = ${JSON.stringify(value, null, 1)};\n`);
  files.set(file, value);
}
const program = ts.createProgram([missing, ...files.keys()], { strict: true, noEmit: true, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true, types: [] });
const diagnostics = ts.getPreEmitDiagnostics(program);
for (const [file, value] of files) {
  const mine = diagnostics.filter((diagnostic) => diagnostic.file?.fileName === file);
  failed ||= mine.length > 0;
  console.log(mine.length === 0 ? `${value.kind} ${value.metadata.name} is good` : `${value.kind} ${value.metadata.name}:\n${mine.map((one) => ts.flattenDiagnosticMessageText(one.messageText, '\n')).join('\n')}`);
}
fs.rmSync(folder, { recursive: true });
process.exit(failed ? 1 : 0);
