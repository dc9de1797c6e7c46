// Answers questions about access by the official engine of Cedar (Rust, compiled to WebAssembly): one JSON object a line in, one out.
//   {schema, policies: {id: text}}                          -> {valid, errors}
//   {policies: {id: text}, entities, requests: [request]}   -> {answers: [{allow, by, errors}]}
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const cedar = createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs')

function validate({ schema, policies }) {
  const r = cedar.validate({ validationSettings: { mode: 'strict' }, schema, policies: { staticPolicies: policies } })
  const errors = r.type === 'success' ? r.validationErrors.map((e) => e.error.message) : r.errors.map((e) => e.message)
  return { valid: errors.length === 0, errors }
}

function ask(policies, entities, request) {
  const r = cedar.isAuthorized({ ...request, policies: { staticPolicies: policies }, entities })
  if (r.type !== 'success') return { failed: r.errors.map((e) => e.message).join('; ') }
  const { decision, diagnostics } = r.response
  return { allow: decision === 'allow', by: diagnostics.reason.sort(), errors: diagnostics.errors.map((e) => e.policyId).sort() }
}

for await (const line of createInterface({ input: process.stdin })) {
  const q = JSON.parse(line)
  const out = q.requests ? { answers: q.requests.map((r) => ask(q.policies, q.entities, r)) } : validate(q)
  process.stdout.write(JSON.stringify(out) + '\n')
}
