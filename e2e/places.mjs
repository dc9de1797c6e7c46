// A small network around the program: a ward and the rest, each a network namespace of its own; what they say to one another passes through the program's.
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const pc = '10.20.3.7', share = '10.20.1.20', attacker = '203.0.113.66'

const ip = (words) => {
  const r = spawnSync('ip', words.split(' '), { encoding: 'utf8' })
  if (r.status !== 0) throw new Error(`ip ${words}: ${r.stderr}`)
}

/** A place: addresses behind a cable that ends here as an interface of its name. What it is asked is done by peer.mjs in there. */
async function place(name, router, addresses) {
  const child = spawn('unshare', ['-n', process.execPath, fileURLToPath(new URL('peer.mjs', import.meta.url))], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const open = new Map()
  await new Promise((up, fail) => {
    child.once('message', up)
    child.once('exit', () => fail(new Error(`the place ${name} ended`)))
  })
  child.on('message', ({ n, answer }) => { open.get(n)(answer); open.delete(n) })
  let asked = 0
  const ask = (what) => new Promise((answer) => {
    open.set(++asked, answer)
    child.send({ n: asked, ...what })
  })
  ip(`link add ${name} type veth peer name eth0 netns ${child.pid}`)
  ip(`addr add ${router}/24 dev ${name}`)
  ip(`link set ${name} up`)
  await ask({ setup: ['link set lo up', ...addresses.map((a) => `addr add ${a} dev eth0`), 'link set eth0 up', `route add default via ${router}`] })
  return { ask, stop: () => child.kill() }
}

/** Builds the network; the share and the attacker answer, the office PC speaks. */
export async function places() {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1') // addresses of IPv6 come a second after the cable
  const ward = await place('ward', '10.20.3.1', [`${pc}/24`])
  const rest = await place('rest', '10.20.1.1', [`${share}/24`, `${attacker}/32`])
  ip(`route add ${attacker} dev rest`)
  await rest.ask({ serve: [[share, 445], [attacker, 4444]] })
  return {
    /** Says something from the office PC to a peer; whether it was heard within two seconds. */
    say: (to, port, words) => ward.ask({ say: { to, port, words } }),
    stop() { ward.stop(); rest.stop() },
  }
}
