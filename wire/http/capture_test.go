package http

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// keeper collects the transactions of a stream as EVE JSON tells them, as far as suricata-verify asks.
type keeper struct{ events []map[string]any }

func (k *keeper) Head(wire.Dir, *Transaction) Want    { return First }
func (k *keeper) Body(wire.Dir, *Transaction, []byte) {}
func (k *keeper) End(t *Transaction)                  { k.events = append(k.events, eve(t)) }

func eve(t *Transaction) map[string]any {
	e := map[string]any{"length": t.Response.Length}
	set := func(key string, v []byte) {
		if len(v) > 0 {
			e[key] = string(v)
		}
	}
	host, port := t.Request.Hostname()
	set("hostname", []byte(strings.ToLower(string(host))))
	if port > 0 {
		e["http_port"] = port
	}
	set("url", t.Request.Target)
	set("http_method", t.Request.Method)
	set("protocol", t.Request.Version)
	set("http_user_agent", t.Request.Get(UserAgent))
	set("http_refer", t.Request.Get(Referer))
	set("redirect", t.Response.Get(Location))
	set("xff", t.Request.Get(XForwardedFor))
	kind, _, _ := strings.Cut(string(t.Response.Get(ContentType)), ";")
	set("http_content_type", []byte(kind))
	if t.Response.Status > 0 {
		e["status"] = t.Response.Status
	} else {
		set("status_string", t.Response.Code)
	}
	e["request_headers"], e["response_headers"] = headers(&t.Request.Head), headers(&t.Response.Head)
	if r := t.Response.Get(ContentRange); r != nil {
		var from, to, size int
		c := map[string]any{"raw": string(r)}
		if _, err := fmt.Sscanf(string(r), "bytes %d-%d/%d", &from, &to, &size); err == nil {
			c["start"], c["end"], c["size"] = from, to, size
		}
		e["content_range"] = c
	}
	return map[string]any{"event_type": "http", "http": e, "tx_id": t.Number - 1, "request_length": t.Request.Length}
}

func headers(h *Head) []any {
	var all []any
	for n, v := range h.Fields() {
		all = append(all, map[string]any{"name": string(n), "value": string(v)})
	}
	return all
}

// transactions reads the streams of a capture that begin as HTTP. Where the connection turns into another protocol,
// what follows is tried as HTTP again, as the sensor does.
func transactions(t testing.TB, c *corpus.Capture) []map[string]any {
	var all []map[string]any
	for _, s := range c.Streams {
		first, _ := Probe(s.Bytes(wire.ToServer))
		second, dir := Probe(s.Bytes(wire.ToClient))
		if first != wire.Yes && second != wire.Yes {
			continue
		}
		if first != wire.Yes && dir == wire.ToServer {
			s.Turn()
		}
		k := &keeper{}
		conversation := &Conversation{}
		f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: k}
		for i, chunk := range s.Chunks {
			if chunk.Lost > 0 {
				_ = f.Lose(chunk.Dir, chunk.Lost)
			}
			if f.Send(chunk.Dir, chunk.Bytes) == nil || conversation.Tunnel() != Connect {
				continue
			}
			inner := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: k}
			_ = inner.Play(s.Chunks[i+1:])
			break
		}
		f.Conversation.Close(k)
		all = append(all, k.events...)
	}
	return all
}

// TestSuricataVerify counts, for each check on HTTP events, the transactions that fulfil what it says of them.
func TestSuricataVerify(t *testing.T) {
	files := corpus.Folder(t, "sensor", "suricata-verify.tar.zst")
	passed, total := 0, 0
	for _, f := range corpus.Filters(files, "http") {
		match := f.Only("http.", "tx_id")
		if f.Count == 0 || slices.ContainsFunc(slicesOf(match), func(k string) bool { return strings.Contains(k, "http2") || k == "http.version" }) {
			continue
		}
		n := 0
		for _, e := range transactions(t, corpus.Read(f.Capture, files[f.Capture])) {
			if corpus.Matches(e, match) {
				n++
			}
		}
		total++
		if n >= f.Count {
			passed++
		} else {
			t.Logf("%s: got %d, want %d of %v", f.Test, n, f.Count, match)
		}
	}
	corpus.Result(t, "http_suricata_verify", passed, total, 90)
}

func slicesOf(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// TestArkime holds what is read against the documents that Arkime wrote for its captures.
func TestArkime(t *testing.T) {
	files := corpus.Folder(t, "sensor", "arkime")
	passed, total := 0, 0
	for name, b := range files {
		var want struct {
			Sessions []struct {
				Body struct {
					HTTP struct {
						Method, Host, URI, Useragent, RequestReferer, ServerVersion []string
						Statuscode                                                  []int
					}
				}
			} `json:"sessions3"`
		}
		if !strings.HasSuffix(name, ".test") || json.Unmarshal(b, &want) != nil {
			continue
		}
		capture := strings.TrimSuffix(name, ".test") + ".pcap"
		var got []string
		for _, e := range transactions(t, corpus.Read(capture, files[capture])) {
			for _, key := range []string{"http.http_method", "http.hostname", "http.http_user_agent", "http.http_refer", "http.status"} {
				if v, ok := corpus.Lookup(e, key); ok {
					got = append(got, fmt.Sprint(v))
				}
			}
		}
		for _, s := range want.Sessions {
			h := s.Body.HTTP
			if len(h.Method) == 0 {
				continue // its hosts are those of TLS
			}
			var all []string
			all = append(append(append(all, h.Method...), h.Useragent...), h.RequestReferer...)
			for _, host := range h.Host {
				host, _, _ = strings.Cut(host, ":")
				all = append(all, host)
			}
			for _, code := range h.Statuscode {
				all = append(all, fmt.Sprint(code))
			}
			for _, v := range all {
				total++
				if slices.Contains(got, v) {
					passed++
				} else {
					t.Logf("%s: want %q", capture, v)
				}
			}
		}
	}
	corpus.Result(t, "arkime_http_agreement", passed, total, 80) // the rest is within SOCKS and SCTP
}

// TestCaptures decodes every stream there is, also with lost bytes and flipped bits, and the same however it is cut.
func TestCaptures(t *testing.T) {
	streams, requests, answered := 0, 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "generated-hospital"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, e := range transactions(t, c) {
				if _, ok := corpus.Lookup(e, "http.http_method"); ok {
					requests++
					if _, ok := corpus.Lookup(e, "http.status"); ok {
						answered++
					}
				}
			}
			for _, s := range c.Streams {
				if m, _ := Probe(s.Bytes(wire.ToServer)); m != wire.Yes {
					continue
				}
				streams++
				if s.Whole() {
					wiretest.Splits(t, s.Chunks, fresh)
				}
				var broken []wiretest.Chunk
				for i, chunk := range s.Chunks {
					b := append([]byte(nil), chunk.Bytes...)
					for j := i; j < len(b); j += 97 {
						b[j] ^= 1 << (j % 8)
					}
					broken = append(broken, wiretest.Chunk{Dir: chunk.Dir, Bytes: b})
					if i%3 == 2 {
						broken[len(broken)-1].Lost = 100
					}
				}
				conversation, h, _ := fresh()
				f := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
				_ = f.Play(broken)
			}
		}
	}
	t.Logf("%d streams, %d requests, %d of them answered", streams, requests, answered)
}
