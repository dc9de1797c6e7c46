package pseudonym

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVectors judges national numbers by what python-stdnum and Presidio say of them.
func TestVectors(t *testing.T) {
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is not set: the vectors this test reads are not at hand")
	}
	checked := 0
	for _, name := range []string{"stdnum_vectors.jsonl", "presidio_vectors.jsonl"} {
		data, err := os.ReadFile(filepath.Join(root, "dlp", "labels", name))
		if err != nil {
			t.Skipf("the test data lack a file: %v", err)
		}
		for line := range strings.Lines(string(data)) {
			var v struct {
				Class, Number, Text string
				Valid               bool
				N                   *int
			}
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			if v.Class != "fr.nir" && v.Class != "gb.nhs" && v.Class != "uk_nhs" {
				continue
			}
			checked++
			text, want := v.Number+v.Text, v.Valid || v.N != nil && *v.N > 0
			got := string(New(key(1)).Text(nil, []byte("/x/"+text)))
			if masked := strings.HasPrefix(got, "/x/p~"); masked != want {
				t.Errorf("%s %q: masked %v, want %v (%s)", v.Class, text, masked, want, got)
			}
		}
	}
	if checked < 7 {
		t.Errorf("only %d vectors", checked)
	}
}
