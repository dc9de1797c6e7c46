package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// tftpBlock is a block of a transfer.
func tftpBlock(n int, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0, 3}, uint16(n)), data...)
}

func TestAFileThatTFTPCarries(t *testing.T) {
	whole := bytes.Repeat([]byte("firmware of a pump "), 60) // two blocks and a rest
	sum := sha256.Sum256(whole)
	const client, server, other = "192.0.2.7:40000", "192.0.2.1:69", "192.0.2.1:50000"
	ask := udpFrom(client, server, []byte("\x00\x01pump/fw.bin\x00Octet\x00tsize\x000\x00"))
	agree := udpFrom(other, client, []byte("\x00\x06tsize\x001140\x00"))
	ack := udpFrom(client, other, []byte{0, 4, 0, 1})
	block := func(from string, n int) []byte {
		return udpFrom(from, client, tftpBlock(n, whole[min(len(whole), (n-1)*512):min(len(whole), n*512)]))
	}
	for _, c := range []struct {
		does    string
		packets [][]byte
		want    []string
		none    string
	}{
		{"from another port, as the standard has it", [][]byte{ask, agree, ack, block(other, 1), ack, block(other, 2), block(other, 3)}, []string{
			`"kind":"tftp","connection_info.uid":1`, `"activity_name":"read","file.name":"pump/fw.bin","tftp.mode":"octet","tftp.options":["tsize=0"]`,
			`"kind":"fileinfo","connection_info.uid":2`, hex.EncodeToString(sum[:]), `"src_endpoint.ip":"192.0.2.7","src_endpoint.port":40000,"dst_endpoint.ip":"192.0.2.1","dst_endpoint.port":50000`,
			`"app_name":"tftp","start_time"`, `"file.size":1140`}, "is_partial"},
		{"from the port that was asked", [][]byte{ask, block(server, 1), block(server, 2), block(server, 3)}, []string{`"kind":"fileinfo","connection_info.uid":1`, hex.EncodeToString(sum[:])}, ""},
		{"a block that is sent twice counts once", [][]byte{ask, block(other, 1), block(other, 1), block(other, 2), block(other, 3)}, []string{hex.EncodeToString(sum[:])}, ""},
		{"an error ends it", [][]byte{ask, udpFrom(other, client, []byte("\x00\x05\x00\x01not here\x00"))}, []string{`"activity_name":"error","tftp.error":"file not found","message":"not here"`}, `"kind":"fileinfo"`},
		{"a transfer that nobody asked for is not taken for one", [][]byte{block(other, 1)}, nil, `"app_name":"tftp"`},
	} {
		t.Run(c.does, func(t *testing.T) {
			all := tellOf(c.packets...)
			wantAll(t, all, c.want...)
			if c.none != "" && strings.Contains(all, c.none) {
				t.Errorf("got %s in\n%s", c.none, all)
			}
		})
	}
}
