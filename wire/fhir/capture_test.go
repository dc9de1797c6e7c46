package fhir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
)

// TestWard counts the interactions among the pages of a recorded ward.
func TestWard(t *testing.T) {
	found, others := map[string]int{}, 0
	for _, s := range corpus.Connections(t, corpus.Data(t, "sensor", "generated-hospital", "ward.pcap")) {
		var sides [2][]byte
		for _, c := range s.Chunks {
			sides[c.Dir] = append(sides[c.Dir], c.Bytes...)
		}
		up, down := bufio.NewReader(bytes.NewReader(sides[wire.ToServer])), bufio.NewReader(bytes.NewReader(sides[wire.ToClient]))
		for {
			request, err := http.ReadRequest(up)
			if err != nil {
				break
			}
			io.Copy(io.Discard, request.Body)
			x := &Exchange{Method: []byte(request.Method), Target: []byte(request.RequestURI), Accept: []byte(request.Header.Get("Accept"))}
			if response, err := http.ReadResponse(down, request); err == nil {
				x.ResponseType, x.Status = []byte(response.Header.Get("Content-Type")), response.StatusCode
				x.ResponseBody, _ = io.ReadAll(response.Body)
			}
			var in Interaction
			if Describe(x, &in) {
				found[fmt.Sprintf("%v %s %s", in.Kind, in.Type, in.Base)]++
			} else {
				others++
			}
		}
	}
	if got, want := fmt.Sprint(found, others), "map[read Patient /fhir:22] 38"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestBundles compares what is read of public bundles with what encoding/json reads of them.
func TestBundles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Data(t, "dlp", "fhir-r4"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	for _, file := range files {
		p, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			ResourceType, Type string
			Total              *int
			Entry              []json.RawMessage
		}
		if err := json.Unmarshal(p, &want); err != nil {
			t.Fatal(err)
		}
		var in Interaction
		x := &Exchange{Method: []byte("POST"), Target: []byte("/x"), RequestType: []byte("application/json"), RequestBody: p, ResponseType: []byte("application/json"), ResponseBody: p}
		if !Describe(x, &in) {
			t.Errorf("%s is not said to be FHIR", file)
			continue
		}
		total := -1
		if want.Total != nil {
			total = *want.Total
		}
		if in.Resource != want.ResourceType || string(in.BundleType) != want.Type || in.Entries != len(want.Entry) || in.Total != total || in.Kind.String() != want.Type {
			t.Errorf("%s: got %s %s %d %d %v, want %s %s %d %d", filepath.Base(file), in.Resource, in.BundleType, in.Entries, in.Total, in.Kind,
				want.ResourceType, want.Type, len(want.Entry), total)
		}
	}
}
