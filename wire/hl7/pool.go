package hl7

import "bulwark/wire"

// Pool is what new conversations of one goroutine take their memory from. Its zero value is ready.
type Pool struct {
	Space *wire.Space // of texts; it may be nil

	messages wire.Stock[Message]
	lists    wire.Rows[*Message]
	devices  wire.Rows[Device]
	patients wire.Rows[Identifier]
}

func (c *Conversation) pool() *Pool {
	if c.Pool == nil {
		c.Pool = new(Pool)
	}
	return c.Pool
}

// text grows the memory of m by n bytes. A message of no conversation has its own.
func (m *Message) text(n int) []byte {
	if m.pool == nil {
		return m.arena
	}
	return m.pool.Space.Grow(m.arena, max(n, 512-len(m.arena)))
}

func (m *Message) addDevice(d Device) {
	if m.pool == nil {
		m.Devices = append(m.Devices, d)
		return
	}
	m.Devices = m.pool.devices.Add(m.Devices, d)
}

func (m *Message) addPatient(p Identifier) {
	if m.pool == nil {
		m.Patients = append(m.Patients, p)
		return
	}
	m.Patients = m.pool.patients.Add(m.Patients, p)
}
