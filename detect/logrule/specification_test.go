package logrule

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bulwark/internal/sigmahq"
)

// specified are the examples of a document of Sigma's specification that are whole: those with a title.
func specified(t *testing.T, document string) (all []string) {
	t.Helper()
	data := os.Getenv("BULWARK_DATA")
	if data == "" {
		t.Skip("BULWARK_DATA names no folder: there is no specification to read")
	}
	files, err := sigmahq.Unpacked(filepath.Join(data, "soc", "sigma-rules", "sigma-specification-ba9251a.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range files {
		if strings.HasSuffix(name, "/"+document) {
			for _, m := range regexp.MustCompile("(?s)```ya?ml\n(.*?)```").FindAllStringSubmatch(string(f.Data), -1) {
				if strings.HasPrefix(m[1], "title:") {
					all = append(all, m[1])
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no examples", document)
	}
	return all
}

// TestCorrelationsOfTheSpecification reads its examples, each with the rules that it refers to, and plays its story: ten failed
// sign-ons of a user, then one that succeeds.
func TestCorrelationsOfTheSpecification(t *testing.T) {
	all := specified(t, "sigma-correlation-rules-specification.md")
	const others = "title: %\nname: %\nid: %\nlogsource: {product: windows}\ndetection: {x: {EventID: 1}, condition: x}\n---\n"
	for _, text := range all {
		var named strings.Builder
		for _, name := range []string{"5638f7c0-ac70-491d-8465-2a65075e0d86", "website_access", "rule_a_id", "process_creation", "internal_error", "new_network_connection"} {
			named.WriteString(strings.ReplaceAll(others, "%", name))
		}
		s := set(t, map[string]string{"r.yml": named.String() + text})
		for _, r := range s.Rejected {
			if strings.Contains(text, "\n    type:") {
				t.Errorf("%s\n%s", r.Why, text)
			}
		}
	}
	s := set(t, map[string]string{"r.yml": all[len(all)-1]})
	c := s.Correlator()
	var got []string
	for k := range 11 {
		number := "4625"
		if k == 10 {
			number = "4624"
		}
		e := OfWindows(logged("Security", number, "User", "anne"))
		e.Time = time.Date(2026, 11, 23, 3, 0, k, 0, time.UTC)
		for _, x := range c.Feed(e, s.Match(e)) {
			got = append(got, x.Rule.Title)
		}
	}
	if want := "Correlation - Multiple Failed Logins Followed by Successful Login"; !slices.Contains(got, want) {
		t.Errorf("got %q, want %q among them", got, want)
	}
}

// TestTheFilterOfTheSpecification puts its filter on a rule that it names. Its condition is one more that must hold, as in pySigma.
func TestTheFilterOfTheSpecification(t *testing.T) {
	const rar = "title: rar\nid: 6f3e2987-db24-4c78-a860-b4f4095a7095\nlogsource: {product: windows, category: process_creation}\ndetection: {x: {Image|endswith: '\\rar.exe'}, condition: x}\n"
	filters := specified(t, "sigma-filters-specification.md")
	s := set(t, map[string]string{"rar.yml": rar, "filter.yml": filters[len(filters)-1]})
	for user, want := range map[string]int{"adm_anne": 1, "anne": 0} {
		e := OfWindows(logged("Microsoft-Windows-Sysmon/Operational", "1", "Image", `C:\rar.exe`, "User", user))
		if got := s.Match(e); len(got) != want {
			t.Errorf("of %s %d rules match, want %d (rejected: %v)", user, len(got), want, s.Rejected)
		}
	}
}

func TestPlaceholdersAreOfTheSite(t *testing.T) {
	const rule = "title: r\nid: r\nlogsource: {product: windows}\ndetection: {x: {Computer|expand: '%servers%'}, condition: x}\n"
	folder := fstest.MapFS{"sub/r.yml": {Data: []byte(rule)}}
	e := OfWindows(logged("Security", "1"))
	for name, tt := range map[string]struct {
		text            string
		matches, reject int
	}{
		"nobody says what they are":     {"other: [x]\n", 0, 1},
		"the folder of the site does":   {"servers: [pc-1, pc-7]\n", 1, 0},
		"it says that there are others": {"servers: [pc-1]\n", 0, 0},
	} {
		s, err := Load(folder, fstest.MapFS{Placeholders: {Data: []byte(tt.text)}})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(s.Match(e)); got != tt.matches || len(s.Rejected) != tt.reject {
			t.Errorf("%s: %d match, %d are rejected, want %d and %d", name, got, len(s.Rejected), tt.matches, tt.reject)
		}
	}
	if _, err := Load(folder, fstest.MapFS{Placeholders: {Data: []byte("- x\n")}}); err == nil {
		t.Error("a file that is no list for each name is taken")
	}
}
