package engine

import (
	"bytes"

	"bulwark/wire/http"
)

// httpOddities are the departures from RFC 9112 that are told, with Suricata's names of them in a request and in a
// response. Servers and filters do not agree on what such messages mean, which is what smugglers of requests live by.
var httpOddities = [...]struct {
	odd   http.Oddity
	names [2]string
}{
	{http.NoColon, [2]string{"REQUEST_FIELD_MISSING_COLON", "RESPONSE_FIELD_MISSING_COLON"}},
	{http.LengthsDiffer, [2]string{"DUPLICATE_CONTENT_LENGTH_FIELD_IN_REQUEST", "DUPLICATE_CONTENT_LENGTH_FIELD_IN_RESPONSE"}},
	{http.BadLength, [2]string{"INVALID_CONTENT_LENGTH_FIELD_IN_REQUEST", "INVALID_CONTENT_LENGTH_FIELD_IN_RESPONSE"}},
	{http.BadChunk, [2]string{"INVALID_REQUEST_CHUNK_LEN", "INVALID_RESPONSE_CHUNK_LEN"}},
	{http.TooLong, [2]string{"REQUEST_FIELD_TOO_LONG", "RESPONSE_FIELD_TOO_LONG"}},
	{http.ChunkExtension, [2]string{"REQUEST_CHUNK_EXTENSION", "RESPONSE_CHUNK_EXTENSION"}},
	{http.LeadingBlank, [2]string{"REQUEST_LINE_LEADING_WHITESPACE", ""}},
}

// What else is told, as bits beside those of http.Oddity.
const (
	noProtocol  uint32 = 1 << (16 + iota) // fields behind a request line without a version
	noHost                                // a request of HTTP/1.1 does not say of which host
	noRequest                             // a response to no request that was seen
	bitResponse = 32                      // bits of responses stand above those of requests
)

// odd tells what is odd about an exchange: each thing once a connection; of each exchange where all is told.
func (a *httpApp) odd(x *http.Transaction) {
	found := a.oddities(x)
	if !a.w.opt.Full {
		found &^= a.toldOdd
	}
	if found == 0 {
		return
	}
	a.toldOdd |= found
	for _, o := range httpOddities {
		for dir, name := range o.names {
			if found&(uint64(o.odd)<<(bitResponse*dir)) != 0 && name != "" {
				a.w.appAnomaly(a.f, name)
			}
		}
	}
	for _, o := range [...]struct {
		bit  uint32
		name string
	}{{noProtocol, "REQUEST_LINE_MISSING_PROTOCOL"}, {noHost, "MISSING_HOST_HEADER"}, {noRequest, "UNABLE_TO_MATCH_RESPONSE_TO_REQUEST"}} {
		if found&uint64(o.bit) != 0 {
			a.w.appAnomaly(a.f, o.name)
		}
	}
}

// oddities are what is odd about an exchange: of the request in the low half, of the response in the high one.
func (a *httpApp) oddities(x *http.Transaction) uint64 {
	q, r := &x.Request, &x.Response
	found := uint64(q.Oddities) | uint64(r.Oddities)<<bitResponse
	if !a.w.opt.Full { // it is allowed, and no news but to those who ask for everything
		found &^= uint64(http.ChunkExtension) | uint64(http.ChunkExtension)<<bitResponse
	}
	switch {
	case q.Seen && q.Oddities&http.NoVersion != 0 && len(q.Raw()) > len(q.Line())+2:
		found |= uint64(noProtocol)
	case q.Seen && bytes.EqualFold(q.Version, []byte("HTTP/1.1")) && len(q.Authority()) == 0 && q.Oddities&http.TooLong == 0:
		found |= uint64(noHost)
	case r.Seen && !q.Seen && a.w.opt.Full:
		found |= uint64(noRequest)
	}
	return found
}
