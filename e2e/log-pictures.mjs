// The pictures of logs in docs/guide: sources that send, and a rule about them.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './harness.mjs'
import { firstAdministrator, settled, visitor } from './people.mjs'
import { startLogs } from './server.mjs'

const formats = join(dirname(fileURLToPath(import.meta.url)), '../content/logparsers')
const machines = [['fw-siege', 'stormshield-sns'], ['fw-dmz', 'fortigate'], ['mx1', 'postfix'], ['proxy1', 'squid'], ['bastion', 'wallix'], ['web-dpi', 'nginx']]

/** The lines that the tests of a format have. */
const lines = (format) => [...readFileSync(join(formats, `${format}.yaml`), 'utf8').matchAll(/^\s+- line: (.*)$/gm)].map((m) => m[1].replace(/^(['"])(.*)\1$/s, '$2').replace(/\\"/g, '"').replace(/^<\d+>/, '')).filter((x) => x !== '|' && x !== '>-')

/** Takes them in a console of its own. */
export async function takeLogPictures(browser, folder) {
  const server = await startLogs()
  try {
    const page = await visitor(browser, { viewport: { width: 1280, height: 800 } }, [])
    await firstAdministrator(page, server.setup)
    const ask = (path) => page.evaluate(async (p) => (await fetch(p)).json(), path)
    const at = (await ask('/api/logs/intakes')).items.find((i) => i.name === 'syslog').listens.find((d) => d.way === 'tcp').address
    const say = (host, app, all) => new Promise((done, failed) => {
      const socket = connect(Number(/:(\d+)$/.exec(at)[1]), '127.0.0.1', () => socket.end(all.map((x) => `<86>1 ${new Date().toISOString()} ${host} ${app} 7 - - ${x}\n`).join('')))
      socket.on('error', failed)
      socket.on('close', done)
    })
    for (const [host, format] of machines) await say(host, 'app', lines(format))
    await say('robot-pharma', 'doord', Array.from({ length: 40 }, (_, i) => `PORTE ${i % 4} badge ${1000 + i} ouverte`))
    await say('srv-dpi', 'sshd', Array.from({ length: 15 }, (_, i) => `Failed password for root from 203.0.113.9 port ${40000 + i} ssh2`))
    const fired = async () => (await ask('/api/logrules?sort=fired&limit=1')).items[0]
    await until(async () => (await fired()).fired > 0, 'a rule matches')
    const shot = async (name, path, ready) => {
      await page.goto(server.url + path)
      await ready().waitFor()
      await settled(page)
      await page.mouse.move(0, 0)
      await page.waitForTimeout(500)
      await page.screenshot({ path: join(folder, `${name}.png`) })
    }
    await shot('sources', '/sources', () => page.locator('a[data-source]').first())
    await shot('log-rules', `/detections?about=logs&sort=fired&rule=${encodeURIComponent((await fired()).id)}`, () => page.getByRole('heading', { name: 'What it asks for' }))
    await page.context().close()
  } finally {
    await server.stop()
  }
}
