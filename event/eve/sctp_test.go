package eve

import "testing"

func TestWhatAPacketOfSCTPIsMadeOf(t *testing.T) {
	head := "\x0b\x5a\x18\x9f\x00\x00\x00\x07\x00\x00\x00\x00"
	for _, c := range []struct{ what, packet, want string }{
		{"an INIT", head + "\x01\x00\x00\x06\x01\x02\x00\x00", `{"sctp":{"vtag":7,"chunk_cnt":1,"chunk_types":["init"],"has_init":true,"has_init_ack":false,"has_data":false,"has_abort":false}}`},
		{"data behind something new", head + "\x50\x00\x00\x04\x00\x03\x00\x04", `{"sctp":{"vtag":7,"chunk_cnt":2,"chunk_types":["unknown_80","data"],"has_init":false,"has_init_ack":false,"has_data":true,"has_abort":false}}`},
		{"a chunk shorter than its head", head + "\x01\x00\x00\x03", `{"sctp":{"vtag":7,"chunk_cnt":0,"chunk_types":[],"has_init":false,"has_init_ack":false,"has_data":false,"has_abort":false}}`},
		{"a head that is cut", head[:11], `{}`},
	} {
		var w Writer
		if got := string(w.Evidence(nil, 0, &Evidence{SCTP: []byte(c.packet)})); got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}
