package engine

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire/inspect"
)

// dcerpcSources are the fields of remote procedure calls. Each side of a call is shown by itself.
func dcerpcSources() map[string]*source {
	return beyond(event.KindDCERPC, inspect.DCEInterface, inspect.DCEOperation, inspect.DCEStub)
}

// interfaceTest is dcerpc.iface: the UUID of the interface that the call is of, and its version; of the first fragment of
// a request unless the rule says any_frag.
func interfaceTest(t *rule.Own) func([]byte) bool {
	var uuid [16]byte
	_, _ = hex.Decode(uuid[:], []byte(strings.ReplaceAll(t.Words[0], "-", ""))) // the reader of rules has checked it
	return func(v []byte) bool {
		return len(v) == 18 && [16]byte(v[:16]) == uuid && allHold(t.Numbers, uint64(binary.BigEndian.Uint16(v[16:])))
	}
}

// opnumTest is dcerpc.opnum.
func opnumTest(t *rule.Own) func([]byte) bool {
	return func(v []byte) bool {
		return len(v) == 2 && slices.ContainsFunc(t.Numbers, func(n rule.Number) bool {
			return allHold([]rule.Number{n}, uint64(binary.BigEndian.Uint16(v)))
		})
	}
}
