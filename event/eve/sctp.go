package eve

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// chunkNames are the types of chunks of SCTP (IANA registry) as Suricata writes them.
var chunkNames = [...]string{"data", "init", "init_ack", "sack", "heartbeat", "heartbeat_ack", "abort", "shutdown", "shutdown_ack", "error",
	"cookie_echo", "cookie_ack", "ecne", "cwr", "shutdown_complete", "auth"}

// sctp writes what a packet of SCTP is made of.
func (w *Writer) sctp(b []byte) {
	j := &w.j
	j.open("sctp")
	j.num("vtag", uint64(binary.BigEndian.Uint32(b[4:])))
	var kinds []byte
	for b := b[12:]; len(b) >= 4; {
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 4 {
			break
		}
		kinds = append(kinds, b[0])
		b = b[min((n+3)&^3, len(b)):] // RFC 9260 section 3.2: filled up to four bytes
	}
	j.num("chunk_cnt", uint64(len(kinds)))
	j.array("chunk_types")
	for _, k := range kinds {
		j.comma()
		if int(k) < len(chunkNames) {
			j.quoted(chunkNames[k])
		} else {
			j.quoted("unknown_" + strconv.Itoa(int(k)))
		}
	}
	j.end()
	for _, of := range [...]struct {
		name string
		kind byte
	}{{"has_init", 1}, {"has_init_ack", 2}, {"has_data", 0}, {"has_abort", 6}} {
		j.truth(of.name, slices.Contains(kinds, of.kind))
	}
	j.close()
}
