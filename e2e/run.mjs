// make e2e: the console in a real browser.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { launch } from './browser.mjs'
import { run as applications } from './applications.mjs'
import { run as factors } from './factors.mjs'
import { Report } from './harness.mjs'
import { run as live } from './live.mjs'
import { run as passkeys } from './passkeys.mjs'
import { places } from './places.mjs'
import { run as logs } from './logs.mjs'
import { run as providers } from './providers.mjs'
import { run as program } from './program.mjs'
import { run as shell } from './shell.mjs'
import { apart, build, goApart, startLive, startLogs, startProgram, startProviders, startServer, startWays } from './server.mjs'
import { run as station } from './station.mjs'
import { run as tests } from './tests.mjs'
import { run as trusted } from './trusted.mjs'
import { run as ways } from './ways.mjs'

const dist = join(dirname(fileURLToPath(import.meta.url)), '../web/dist')

/** A file as it comes over the wire, in kB. */
const packed = (path) => gzipSync(readFileSync(path), { level: 9 }).length / 1000

/** All that a browser can load for one language, in kB, compressed. */
function weight(dir) {
  return readdirSync(dir).reduce((sum, name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return sum + weight(path)
    return /^(fr|titles\.fr)-/.test(name) ? sum : sum + packed(path)
  }, 0)
}

const ended = goApart()
if (ended !== undefined) process.exit(ended)

const report = new Report()
let first = 0
for (const source of ['./e2e/server', './cmd/bulwark']) build(source) // nothing else can go on meanwhile
const network = apart && await places() // before the browser: it breaks off what it loads when the machine's addresses change
const browser = await launch()

async function suite(start, run) {
  const server = await start()
  try {
    const loaded = await run(browser, server, report)
    if (loaded) first = loaded.reduce((sum, name) => sum + packed(join(dist, name)), 0)
  } finally {
    await server.stop()
  }
}

try {
  await Promise.all([
    (async () => { for (const s of [[startServer, tests], [startServer, shell], [startServer, passkeys], [startServer, factors], [startServer, applications], [startProviders, providers], [startProviders, trusted], [startProviders, station], [startWays, ways], [startProgram, program], [startLogs, logs]]) await suite(...s) })(),
    network ? suite(() => startLive(network), live) : console.log('      no network namespace can be made: containments in force are not tested'),
  ])
} finally {
  await browser.close()
  network?.stop()
}
process.exitCode = report.end(weight(dist), first) ? 0 : 1
