package tds

import (
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

type quiet struct{}

func (quiet) Login(*Login)         {}
func (quiet) Request(*Request)     {}
func (quiet) Challenge([]byte)     {}
func (quiet) TLS(wire.Dir, []byte) {}

func TestNothingIsAllocated(t *testing.T) {
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
	}{
		{"rows of many forms, and an error", begun(up(batch("select * from p where name='DURAND'")), down(message(typeAnswer, rows()+done(0x10, 0xC1, 3), 60)),
			up(batch("select 1/0")), down(packet(typeAnswer, rows()+fault(tokenError, 8134, 16, "Divide by zero")+done(2, 0xC1, 0))))},
		{"calls", begun(up(packet(typeRPC, headers+"\xff\xff\x0a\x00\x00\x00"+nvarcharOf("select @a")+nvarcharOf("@a int"))), down(packet(typeAnswer, done(0, 0xE0, 0))))},
	} {
		t.Run(c.does, func(t *testing.T) { wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, c.chunks) })
	}
}
