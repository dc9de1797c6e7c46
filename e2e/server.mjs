// Starts the console that is tested, and says where it is.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

export async function startServer() {
  const binary = join(mkdtempSync(join(tmpdir(), 'bulwark-e2e-bin-')), 'server')
  const built = spawnSync('go', ['build', '-o', binary, './e2e/server'], { cwd: root, stdio: 'inherit', env: { ...process.env, CGO_ENABLED: '0' } })
  if (built.status !== 0) throw new Error('the test server does not build')
  const child = spawn(binary, [], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const said = {}
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await Promise.race([
    (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        const [word, value] = line.split(' ')
        said[word] = value
        if (said.console && said.setup) return
      }
    })(),
    ended.then((code) => { throw new Error(`the test server ended with ${code}`) }),
  ])
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
    },
  }
}
