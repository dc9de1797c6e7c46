// Starts the consoles that are tested, and says where they are.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { outside } from './ways.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The tests run in a network namespace of their own, whose packet filter may be written. */
export const apart = process.env.E2E_APART === '1'

/** Runs this program anew in a network namespace of its own where that may be done, and answers with how it ended; undefined: it is in one, or there is none. */
export function goApart() {
  const inside = (command) => ['-n', 'sh', '-c', `ip link set lo up && ${command}`]
  if (apart || process.getuid?.() !== 0 || spawnSync('unshare', inside('nft list ruleset'), { stdio: 'ignore' }).status !== 0) return undefined
  spawnSync('go', ['mod', 'download'], { cwd: root, stdio: 'inherit' }) // there is no network in there
  return spawnSync('unshare', inside(`exec node ${process.argv[1]}`), { stdio: 'inherit', env: { ...process.env, E2E_APART: '1' } }).status ?? 1
}

/** The console over made-up events of every kind. */
export const startServer = () => start('./e2e/server', () => [])

/** The program itself, on the bundled capture, with the files of rules that are named, and two channels to people: one takes what it is given. */
export async function startProgram(rules = [join(root, 'e2e/findings.rules')]) {
  const hook = createServer((q, r) => { q.resume(); r.end() })
  await new Promise((listening) => hook.listen(0, '127.0.0.1', listening))
  const channels = [['chat', hook.address().port], ['dead', 9]].map(([name, port]) => `\n    - {name: ${name}, type: webhook, url: 'http://127.0.0.1:${port}/'}`).join('')
  const server = await start('./cmd/bulwark', (dir) => {
    const config = join(dir, 'bulwark.yaml')
    writeFileSync(config, `console:\n  listen: 127.0.0.1:0\nsensor:\n  ring:\n    size: 256MiB\nrules:\n  paths: [${rules.join(', ')}]\nnotify:\n  channels:${channels}\n`)
    return ['up', '--demo', '--data', join(dir, 'data'), '--config', config]
  })
  return { ...server, stop: async () => { await server.stop(); hook.close() } }
}

/** The program itself between a ward and the rest of a network, whose packet filter is its. */
export async function startLive(network) {
  const server = await start('./cmd/bulwark', (dir) => {
    const config = join(dir, 'bulwark.yaml')
    writeFileSync(config, `console:\n  listen: 127.0.0.1:0\nsensor:\n  interfaces: [ward]\nfilter:\n  on: true\nrules:\n  paths: [${join(root, 'e2e/live.rules')}]\nactions:\n  devices: [{name: edge, action: fortios-ban, url: 'https://127.0.0.1:9', secret: 'file:${join(dir, 'token')}', settings: [vdom=root]}]\n`)
    writeFileSync(join(dir, 'token'), 'not-a-real-token', { mode: 0o600 })
    return ['up', '--data', join(dir, 'data'), '--config', config]
  })
  return { ...server, say: network.say }
}

/** The program itself, to which machines may send their logs. */
export const startLogs = () => start('./cmd/bulwark', (dir) => {
  const config = join(dir, 'bulwark.yaml')
  writeFileSync(config, `console:\n  listen: 127.0.0.1:0\nlogs:\n  syslog: {udp: '127.0.0.1:0', tcp: '127.0.0.1:0'}\n  http: 127.0.0.1:0\n`)
  return ['up', '--roles', 'site', '--data', join(dir, 'data'), '--config', config]
})

/** The program itself, whose people a provider may send, at a port that is told. */
export async function startProviders() {
  const free = createServer()
  await new Promise((listening) => free.listen(0, '127.0.0.1', listening))
  const op = String(free.address().port)
  await new Promise((closed) => free.close(closed))
  const server = await start('./cmd/bulwark', (dir) => {
    const config = join(dir, 'bulwark.yaml')
    writeFileSync(config, `console:\n  listen: 127.0.0.1:0\nidentity:\n  providers:\n    - {name: hospital, label: The hospital, issuer: 'http://127.0.0.1:${op}', client: bulwark, secret: a-secret-of-the-tests-alone, sign_out: true}\n`)
    return ['up', '--roles', 'site', '--data', join(dir, 'data'), '--config', config]
  })
  return { ...server, op }
}

/** The program itself, whose people may come from a SAML provider or show a code that was sent to them. */
export async function startWays() {
  const ways = await outside()
  const server = await start('./cmd/bulwark', (dir) => {
    const config = join(dir, 'bulwark.yaml')
    writeFileSync(config, `console:\n  listen: 127.0.0.1:0\nnotify:\n  channels:\n    - {name: gateway, type: sms, url: '${ways.sms}', body: '{"to": {{json .To}}, "text": {{json .Text}}}'}\nidentity:\n  messages: {channel: gateway, for: [reader]}\n  saml:\n    - {name: idp, label: The old provider, metadata: '${ways.metadata}', link: [login]}\n`)
    return ['up', '--roles', 'site', '--data', join(dir, 'data'), '--config', config]
  })
  return { ...server, ways, stop: async () => { await server.stop(); ways.stop() } }
}

const built = new Map()

/** Builds a program once, and answers where it is until this one ends. */
export function build(source) {
  if (built.has(source)) return built.get(source)
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-e2e-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const binary = join(dir, 'program')
  const { status } = spawnSync('go', ['build', '-o', binary, source], { cwd: root, stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } })
  if (status !== 0) throw new Error(`${source} does not build`)
  built.set(source, binary)
  return binary
}

async function start(source, args) {
  const binary = build(source)
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-e2e-'))
  const child = spawn(binary, args(dir), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (b) => { complaints += b })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const said = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const m = /^(console|set ?up)\s+(https:\S+)/i.exec(line)
    if (m) said[m[1].toLowerCase().replace(' ', '')] = m[2]
    if (said.console && said.setup) break
  }
  if (!said.setup) throw new Error(`${source} ended with ${await ended}:\n${complaints}`)
  child.stdout.resume()
  return {
    url: said.console,
    setup: said.setup,
    /** Holds the program still, as if the node had gone. */
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGCONT')
      child.kill('SIGINT')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
