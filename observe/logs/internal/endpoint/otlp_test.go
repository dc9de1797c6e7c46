package endpoint

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/platform/pseudonym"
)

const exportJSON = `{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"web1"}}]},"scopeLogs":[{"logRecords":[
{"timeUnixNano":"1777622400000000000","severityNumber":17,"body":{"stringValue":"disk failed"},"attributes":[{"key":"log.file.path","value":{"stringValue":"/var/log/x"}}]},
{"body":{"kvlistValue":{"values":[{"key":"channel","value":{"stringValue":"Security"}},{"key":"event_id","value":{"kvlistValue":{"values":[{"key":"id","value":{"intValue":4624}}]}}},
{"key":"event_data","value":{"kvlistValue":{"values":[{"key":"TargetUserName","value":{"stringValue":"bob"}}]}}}]}}}]}]}]}`

func TestOTLPOverHTTP(t *testing.T) {
	sink := &intaketest.Sink{}
	_, s := open(t, sink)
	status, answer, _ := ask(t, s, "POST", "/v1/logs", exportJSON, "Content-Type", "application/json")
	all := sink.Records()
	if status != http.StatusOK || answer != `{"partialSuccess":{}}` || len(all) != 2 {
		t.Fatalf("got %d %s, %d records", status, answer, len(all))
	}
	if got, want := string(all[0].Text), "<11>1 2026-05-01T08:00:00Z web1 - - - - disk failed"; got != want || all[0].Stream != "/var/log/x" || all[0].Intake != "otlp" {
		t.Errorf("got %q of %s, want %q", got, all[0].Stream, want)
	}
	if l := all[1].Log; l.Product != "windows" || l.Code != "4624" || l.Field("Channel") != "Security" || l.User != "bob" {
		t.Errorf("got %+v", l)
	}
	if status, _, _ := ask(t, s, "POST", "/v1/logs", "{", "Content-Type", "application/json"); status != http.StatusBadRequest {
		t.Errorf("no request: got %d", status)
	}
	if status, _, _ := ask(t, s, "POST", "/v1/traces", "{}", "Content-Type", "application/json"); status != http.StatusMethodNotAllowed {
		t.Errorf("traces: got %d", status)
	}
	_, s = open(t, &intaketest.Sink{Room: 1})
	if status, _, header := ask(t, s, "POST", "/v1/logs", exportJSON, "Content-Type", "application/json"); status != http.StatusTooManyRequests || header.Get("Retry-After") == "" {
		t.Errorf("no room: got %d", status)
	}
}

// message is a request with one record, whose body is a text.
func message(text string) []byte {
	in := func(n protowire.Number, p []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), p)
	}
	return in(1, in(2, in(2, in(5, in(1, []byte(text))))))
}

func TestOTLPOverGRPC(t *testing.T) {
	sink := &intaketest.Sink{Room: 2}
	i, err := New(Options{Label: "otlp", Listen: "127.0.0.1:0", Patients: func() *pseudonym.Pseudonyms { return pseudonym.New([32]byte{1}) },
		Admit: func(token string) (string, bool) { return "collector", token == "s3cret" }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx, sink) }()
	client := &http.Client{Transport: &http.Transport{Protocols: new(http.Protocols)}}
	client.Transport.(*http.Transport).Protocols.SetUnencryptedHTTP2(true)
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(message("packed"))
	_ = w.Close()
	for _, c := range []struct {
		does, token, coding string
		packed              byte
		p                   []byte
		want                string
	}{
		{"a request", "s3cret", "", 0, message("line"), "0"},
		{"a packed one", "s3cret", "gzip", 1, z.Bytes(), "0"},
		{"no room", "s3cret", "", 0, message("line"), "14"},
		{"no request", "s3cret", "", 0, []byte("x"), "3"},
		{"a stranger", "x", "", 0, message("line"), "16"},
	} {
		frame := append(binary.BigEndian.AppendUint32([]byte{c.packed}, uint32(len(c.p))), c.p...)
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+i.Addr().String()+export, bytes.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Grpc-Encoding", c.coding)
		a, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(a.Body)
		_ = a.Body.Close()
		got := a.Header.Get("Grpc-Status") + a.Trailer.Get("Grpc-Status")
		if a.StatusCode != 200 || got != c.want || !strings.HasPrefix(a.Proto, "HTTP/2") {
			t.Errorf("%s: got %d, status %q by %s; want %q", c.does, a.StatusCode, got, a.Proto, c.want)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if all := sink.Records(); len(all) != 2 || string(all[1].Text) != "packed" || all[0].Identity != "collector" {
		t.Errorf("got %+v", all)
	}
}
