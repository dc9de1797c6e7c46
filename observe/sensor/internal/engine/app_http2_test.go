package engine

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// talk plays what two sides say in turns, and returns the events.
func talk(t *testing.T, o Options, said ...string) string {
	t.Helper()
	c := &collector{}
	o.Sink, o.Seed, o.FirstFlow, o.FlowStep, o.Patients = c, 7, 1, 1, pseudonym.New([32]byte{1})
	w := New(o)
	f := &feeder{w: w}
	f.handshake(100, 200)
	next := [2]uint32{101, 201}
	for i, s := range said {
		dir := wire.Dir(i % 2)
		for b := []byte(s); len(b) > 0; {
			n := min(len(b), 1000)
			f.send(dir, next[dir], next[dir.Other()], packet.ACK, b[:n])
			next[dir] += uint32(n)
			b = b[n:]
		}
	}
	w.Close()
	if w.pool.held != 0 {
		t.Errorf("%d bytes held after the end", w.pool.held)
	}
	return strings.Join(c.lines, "\n")
}

// peer writes HTTP/2 with another implementation.
type peer struct {
	buf bytes.Buffer
	*http2.Framer
	block bytes.Buffer
	enc   *hpack.Encoder
}

func newPeer() *peer {
	p := &peer{}
	p.Framer, p.enc = http2.NewFramer(&p.buf, nil), hpack.NewEncoder(&p.block)
	return p
}

func (p *peer) headers(id uint32, end bool, pairs ...string) {
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.block.Bytes(), EndHeaders: true, EndStream: end})
}

func (p *peer) said() string {
	s := p.buf.String()
	p.buf.Reset()
	return s
}

func TestHTTP2(t *testing.T) {
	question := "\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03ehr\x07example\x00\x00\x01\x00\x01"
	answer := "\x00\x00\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03ehr\x07example\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x0a\x02\x00\x01"
	patient := `{"resourceType":"Patient","id":"4711"}`
	for _, c := range []struct {
		does   string
		say    func(q, r *peer) []string
		want   []string
		hidden string
	}{
		{"a call of gRPC is told with how it ended", func(q, r *peer) []string {
			q.buf.WriteString(http2.ClientPreface)
			q.headers(1, true, ":method", "POST", ":scheme", "http", ":authority", "lab.example", ":path", "/lab.Orders/Place", "content-type", "application/grpc")
			r.headers(1, false, ":status", "200", "content-type", "application/grpc")
			r.headers(1, true, "grpc-status", "14")
			return []string{q.said(), r.said()}
		}, []string{`"http_request.version":"HTTP/2"`, `"grpc.service":"lab.Orders","grpc.method":"Place","grpc.status":"UNAVAILABLE"`, `"app_name":"http2"`}, ""},
		{"FHIR is read as in HTTP/1, and its patient hidden", func(q, r *peer) []string {
			q.buf.WriteString(http2.ClientPreface)
			q.headers(1, true, ":method", "GET", ":scheme", "http", ":authority", "ehr.example", ":path", "/fhir/Patient/4711", "accept", "application/fhir+json")
			r.headers(1, false, ":status", "200", "content-type", "application/fhir+json")
			_ = r.WriteData(1, true, []byte(patient))
			return []string{q.said(), r.said()}
		}, []string{`"kind":"fhir"`, `"fhir.interaction":"read"`, `"fhir.resource":"Patient"`}, "4711"},
		{"DNS in the address", func(q, r *peer) []string {
			q.buf.WriteString(http2.ClientPreface)
			q.headers(1, true, ":method", "GET", ":scheme", "http", ":authority", "dns.example", ":path", "/dns-query?dns="+base64.RawURLEncoding.EncodeToString([]byte(question)), "accept", "application/dns-message")
			r.headers(1, false, ":status", "200", "content-type", "application/dns-message")
			_ = r.WriteData(1, true, []byte(answer))
			return []string{q.said(), r.said()}
		}, []string{`"activity_name":"Query","query.hostname":"ehr.example"`, `"answers.rdata":["10.2.0.1"]`, `"app_name":"doh2"`}, ""},
		{"DNS in the body", func(q, r *peer) []string {
			q.buf.WriteString(http2.ClientPreface)
			q.headers(1, false, ":method", "POST", ":scheme", "http", ":authority", "dns.example", ":path", "/dns-query", "content-type", "application/dns-message")
			_ = q.WriteData(1, true, []byte(question))
			r.headers(1, true, ":status", "500")
			return []string{q.said(), r.said()}
		}, []string{`"activity_name":"Query","query.hostname":"ehr.example"`}, ""},
		{"HTTP/1 that changes to HTTP/2 goes on", func(q, r *peer) []string {
			up := "GET /first HTTP/1.1\r\nHost: ehr.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
			r.buf.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
			_ = r.WriteSettings()
			r.headers(1, true, ":status", "200", "server", "one")
			first := r.said()
			q.buf.WriteString(http2.ClientPreface)
			_ = q.WriteSettings()
			q.headers(3, true, ":method", "GET", ":scheme", "http", ":authority", "ehr.example", ":path", "/second")
			r.headers(3, true, ":status", "404", "server", "one")
			return []string{up, first, q.said(), r.said()}
		}, []string{`"http_request.url.path":"/first","http_request.version":"HTTP/1.1","http_response.code":101`,
			`"http_request.url.path":"/first","http_request.version":"HTTP/2","http_response.code":200`,
			`"http_request.url.path":"/second","http_request.version":"HTTP/2","http_response.code":404`}, ""},
		{"a password in the authority is not told", func(q, r *peer) []string {
			q.buf.WriteString(http2.ClientPreface)
			q.headers(1, true, ":method", "GET", ":scheme", "http", ":authority", "nurse:tiger@ehr.example", ":path", "/")
			r.headers(1, true, ":status", "200")
			return []string{q.said(), r.said()}
		}, []string{`"http_request.url.hostname":"ehr.example"`, `"anomaly.event":"userinfo_in_uri"`}, "tiger"},
	} {
		t.Run(c.does, func(t *testing.T) {
			got := talk(t, Options{Full: true}, c.say(newPeer(), newPeer())...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("got no %s in\n%s", want, got)
				}
			}
			if c.hidden != "" && strings.Contains(got, c.hidden) {
				t.Errorf("%s is told in\n%s", c.hidden, got)
			}
		})
	}
}

func TestAddressWithoutUser(t *testing.T) {
	for _, c := range []struct{ does, uri, want string }{
		{"a path", "/a@b", "/a@b"},
		{"a user and a password", "http://nurse:tiger@ehr.example/a", "http://ehr.example/a"},
		{"an at sign in a path", "http://ehr.example/a@b", "http://ehr.example/a@b"},
		{"no scheme", "//u@ehr.example/", "//ehr.example/"},
		{"text", "see http://x and a@b", "see http://x and a@b"},
	} {
		x := texts{}
		if got := x.address(New(Options{Patients: pseudonym.New([32]byte{1})}), []byte(c.uri)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.does, got, c.want)
		}
	}
}
