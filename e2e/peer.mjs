// What stands at a place of places.mjs: says things to others, and answers what is said to it.
import { spawnSync } from 'node:child_process'
import { connect, createServer } from 'node:net'

const serve = ([host, port]) => new Promise((resolve) => {
  createServer((c) => { c.on('error', () => {}); c.on('data', () => c.end('heard\r\n')) }).listen(port, host, resolve)
})

const say = ({ to, port, words }) => new Promise((resolve) => {
  const c = connect({ host: to, port })
  const end = (heard) => { clearTimeout(patience); c.destroy(); resolve(heard) }
  const patience = setTimeout(() => end(false), 2000)
  c.on('connect', () => c.write(words)).on('data', () => end(true)).on('error', () => end(false)).on('end', () => end(false))
})

process.on('message', async (m) => {
  let answer
  for (const words of m.setup ?? []) spawnSync('ip', words.split(' '), { stdio: 'inherit' })
  if (m.serve) await Promise.all(m.serve.map(serve))
  if (m.say) answer = await say(m.say)
  process.send({ n: m.n, answer })
})
process.on('disconnect', () => process.exit())
process.send({ n: 0 })
