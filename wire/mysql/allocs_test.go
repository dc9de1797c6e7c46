package mysql

import (
	"testing"

	"bulwark/wire/wiretest"
)

type quiet struct{}

func (quiet) Login(*Login)     {}
func (quiet) Command(*Command) {}

func TestNothingIsAllocated(t *testing.T) {
	for _, c := range []struct {
		does   string
		chunks []wiretest.Chunk
	}{
		{"rows, a change, an error and a preparation", session()},
		{"statements that are executed", begun(capNoEOF, up(packet(0, "\x16select ?")+packet(0, "\x17\xff\xff\xff\xff\x00\x01\x00\x00\x00")),
			down(packet(1, "\x00\x05\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00")+packet(2, "\x03def")+packet(3, "\x03def")+packet(1, "\x01\x01")+packet(2, "\x03def")+packet(3, "\x00\x00\x011")+packet(4, okRows)))},
	} {
		t.Run(c.does, func(t *testing.T) { wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, c.chunks) })
	}
}
