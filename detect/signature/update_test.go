package signature

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
)

// entryOf is a file of an archive.
type entryOf struct {
	name, text string
	kind       byte
}

// archive packs files as Emerging Threats does.
func archive(t *testing.T, entries ...entryOf) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Size: int64(len(e.text)), Mode: 0o644}
		if e.kind == 0 {
			h.Typeflag = tar.TypeReg
		}
		if e.kind == tar.TypeSymlink || e.kind == tar.TypeLink {
			h.Linkname, h.Size = e.text, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, e.text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// holes is an archive of one file that says it is that large, and holds nothing (PAX, GNU.sparse.*, version 1.0).
func holes(t *testing.T, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	block := func(name string, kind byte, text string) {
		head := make([]byte, 512)
		copy(head, name)
		copy(head[100:], "0000644\x000000000\x000000000\x00"+fmt.Sprintf("%011o\x0000000000000\x00", len(text)))
		copy(head[148:], "        ")
		head[156] = kind
		copy(head[257:], "ustar\x0000")
		sum := 0
		for _, b := range head {
			sum += int(b)
		}
		copy(head[148:], fmt.Sprintf("%06o\x00 ", sum))
		body := make([]byte, (len(text)+511)/512*512)
		copy(body, text)
		if _, err := z.Write(append(head, body...)); err != nil {
			t.Fatal(err)
		}
	}
	records := ""
	for _, r := range []string{"GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=a.rules", fmt.Sprintf("GNU.sparse.realsize=%d", size)} {
		records += fmt.Sprintf("%d %s\n", len(r)+4, r)
	}
	block("a.rules", tar.TypeXHeader, records)
	block("a.rules", tar.TypeReg, fmt.Sprintf("1\n%d\n0\n", size)+strings.Repeat("\x00", 512-len(fmt.Sprintf("1\n%d\n0\n", size))))
	if _, err := z.Write(make([]byte, 1024)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// spoiled is a packed text with another sum at its end.
func spoiled(text []byte) []byte {
	text[len(text)-8] ^= 1
	return text
}

func TestWhereAServerMayLead(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		refused        bool
	}{
		{"from outside to outside", "https://192.0.2.1/a", "https://198.51.100.7/a", false},
		{"from outside into this machine", "https://192.0.2.1/a", "https://127.0.0.1/a", true},
		{"from outside into this network", "https://192.0.2.1/a", "https://10.0.0.7/a", true},
		{"from outside to what clouds tell their machines", "https://192.0.2.1/a", "https://169.254.169.254/a", true},
		{"from outside into this machine by IPv6", "https://[2001:db8::1]/a", "https://[::ffff:127.0.0.1]/a", true},
		{"within this network", "https://10.0.0.1/a", "https://10.0.0.7/a", false},
		{"into what is in clear", "https://10.0.0.1/a", "http://10.0.0.7/a", true},
	} {
		from, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.from, nil)
		if err != nil {
			t.Fatal(err)
		}
		to, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.to, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := client(nil).CheckRedirect(to, []*http.Request{from}); (err != nil) != c.refused {
			t.Errorf("%s: got %v, want refused %v", c.name, err, c.refused)
		}
	}
}

func TestAPasswordOfASourceIsInNoError(t *testing.T) {
	s := newShop(t)
	b := book(t, s, Source{URL: strings.Replace(s.URL, "https://", "https://ward:hush@", 1) + "/none"})
	if r := update(t, b); r.Outcome != outFailed || strings.Contains(r.Reason, "hush") || !strings.Contains(r.Reason, "404") {
		t.Errorf("got %s %q, want a failure without the password", r.Outcome, r.Reason)
	}
}

func TestWhoeverDoesNotWaitForASourceSaysNothingOfIt(t *testing.T) {
	s := newShop(t)
	b := book(t, s, Source{})
	ctx, stop := context.WithCancel(t.Context())
	s.head = func(http.ResponseWriter, *http.Request) bool { stop(); return false }
	b.updateSource(ctx, "person:1", &b.Config.Sources[0])
	if v := b.Sources()[0]; v.State != "new" || !v.Checked.IsZero() {
		t.Errorf("got %s, asked %v: %s, want a source that was never asked", v.State, v.Checked, v.Reason)
	}
}

func TestASourceWhoseFolderWasLostIsFetchedWhole(t *testing.T) {
	s := newShop(t)
	s.files["/emerging.rules.tar.gz"] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{})
	update(t, b)
	k, err := loadKept(b.Dir, "et")
	if err = errors.Join(err, os.RemoveAll(filepath.Join(folderOf(b.Dir, "et"), k.Current))); err != nil {
		t.Fatal(err)
	}
	if r := update(t, b); r.Outcome != outUpdated || !slices.Equal(b.inForce(), []uint32{1}) {
		t.Errorf("got %+v and %v in force, want rule 1", r, b.inForce())
	}
}

func TestWhatFiredIsKeptTheNextTimeWhereItCannotBe(t *testing.T) {
	b := book(t, newShop(t), Source{})
	b.alert(&event.Header{Time: 1}, &event.Alert{GID: 1, SID: 7})
	write(t, filepath.Join(b.Dir, firedFile, "in the way"), "")
	if b.keepFired() == nil {
		t.Fatal("it was kept in a folder")
	}
	if err := errors.Join(os.RemoveAll(b.path(firedFile)), b.keepFired()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.path(firedFile)); err != nil {
		t.Errorf("got %v, want it kept", err)
	}
}

func TestASumStandsBesideThePathOfAnAddress(t *testing.T) {
	s := newShop(t)
	s.files["/ward"] = []byte(ruleText(5, ""))
	sum := sha256.Sum256(s.files["/ward"])
	s.files["/ward.sha256"] = []byte(hex.EncodeToString(sum[:]))
	b := book(t, s, Source{URL: s.URL + "/ward?key=7"})
	if r := update(t, b); r.Outcome != outUpdated || r.Verified != "sha256" {
		t.Errorf("got %+v, want it verified", r)
	}
}

func ruleText(sid int, more string) string {
	return fmt.Sprintf("alert tcp any any -> any any (msg:\"Rule %d\"; content:\"x%d\"; %s sid:%d; rev:1;)\n", sid, sid, more, sid)
}

// shop serves rules over TLS.
type shop struct {
	*httptest.Server
	files map[string][]byte
	asked []string
	head  func(http.ResponseWriter, *http.Request) bool // answers itself
}

func newShop(t *testing.T) *shop {
	s := &shop{files: map[string][]byte{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.URL.Path)
		if s.head != nil && s.head(w, r) {
			return
		}
		text, ok := s.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		tag := fmt.Sprintf(`"%x"`, md5.Sum(text))
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(text)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) roots() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// book is a rulebook that fetches from a shop.
func book(t *testing.T, s *shop, more Source) *Rulebook {
	t.Helper()
	more.Name = "et"
	if more.URL == "" {
		more.URL = s.URL + "/emerging.rules.tar.gz"
	}
	b, err := Open(Needs{Config: Config{Sources: []Source{more}}, Dir: t.TempDir(), Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Roots: s.roots()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// inForce are the sids in force.
func (b *Rulebook) inForce() []uint32 {
	sids := []uint32{}
	for _, e := range b.edition().items {
		if e.state == Loaded {
			sids = append(sids, e.SID)
		}
	}
	return sids
}

// update is the one result of bringing the source up to date.
func update(t *testing.T, b *Rulebook) UpdatedSource {
	t.Helper()
	u, err := b.Update(t.Context(), "person:1", "et")
	if err != nil || len(u.Results) != 1 {
		t.Fatalf("got %+v, %v, want one result", u, err)
	}
	return u.Results[0]
}

func TestASourceIsFetchedVerifiedAndKept(t *testing.T) {
	s := newShop(t)
	const path = "/emerging.rules.tar.gz"
	s.files[path] = archive(t, entryOf{name: "rules/", kind: tar.TypeDir}, entryOf{name: "rules/a.rules", text: ruleText(1, "") + ruleText(2, "classtype:odd;")},
		entryOf{name: "rules/classification.config", text: "config classification: odd,Something odd,1\n"},
		entryOf{name: "rules/threshold.config", text: "suppress gen_id 1, sig_id 1\n"}, entryOf{name: "rules/sid-msg.map", text: "1 || Rule 1\n"},
		entryOf{name: "rules/LICENSE", text: "free"})
	sum := md5.Sum(s.files[path])
	s.files[path+".md5"] = []byte(hex.EncodeToString(sum[:]) + "\n")
	b := book(t, s, Source{})
	if r := update(t, b); r.Outcome != outUpdated || r.Rules != 2 || r.Added != 2 || r.Verified != "md5" {
		t.Fatalf("got %+v, want 2 new rules, verified by MD5", r)
	}
	if i := b.edition().byID[ID{1, 2}]; b.edition().items[i].severity != "high" {
		t.Errorf("got severity %s, want that of its class", b.edition().items[i].severity)
	}
	if n := len(b.edition().override); n != 1 {
		t.Errorf("got %d lines of threshold.config, want 1", n)
	}
	if r := update(t, b); r.Outcome != outUnchanged || r.Reason != "" {
		t.Errorf("got %+v, want nothing new", r)
	}
	s.files[path] = archive(t, entryOf{name: "rules/a.rules", text: ruleText(2, "nocase;") + ruleText(3, "")})
	if r := update(t, b); r.Outcome != outFailed || !strings.Contains(r.Reason, "checksum") {
		t.Errorf("got %+v, want a failure: the checksum is that of before", r)
	}
	if got := b.inForce(); !slices.Equal(got, []uint32{1, 2}) {
		t.Errorf("got %v in force, want what was before", got)
	}
	strong := sha256.Sum256(s.files[path])
	s.files[path+".sha256"] = []byte(hex.EncodeToString(strong[:]) + "  emerging.rules.tar.gz\n")
	if r := update(t, b); r.Outcome != outUpdated || r.Added != 1 || r.Removed != 1 || r.Changed != 1 || r.Verified != "sha256" {
		t.Errorf("got %+v, want one rule new, one gone, one changed", r)
	}
	again, err := Open(b.Needs)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.inForce(); !slices.Equal(got, []uint32{2, 3}) {
		t.Errorf("got %v in force after a restart, want 2 and 3", got)
	}
	if v := again.Sources()[0]; v.State != Loaded || v.Rules != 2 || v.Verified != "sha256" || v.Updated.IsZero() {
		t.Errorf("got %+v, want a source that is loaded", v)
	}
}

func TestWhatCannotBeTrustedIsRefused(t *testing.T) {
	good := ruleText(7, "")
	bomb := archive(t, entryOf{name: "a.rules", text: strings.Repeat("# 0123456789abcdef\n", (maxUnpacked+1<<20)/19)})
	for _, c := range []struct {
		name string
		text []byte
		more Source
		head func(http.ResponseWriter, *http.Request) bool
		want string
	}{
		{name: "a path that leads out of the archive", text: archive(t, entryOf{name: "../../etc/cron.d/a.rules", text: good}), want: "leads out of the archive"},
		{name: "a path from the root", text: archive(t, entryOf{name: "/etc/a.rules", text: good}), want: "leads out of the archive"},
		{name: "a symbolic link", text: archive(t, entryOf{name: "a.rules", text: "/etc/shadow", kind: tar.TypeSymlink}), want: "is a link or a device"},
		{name: "a hard link", text: archive(t, entryOf{name: "a.rules", text: "/etc/shadow", kind: tar.TypeLink}), want: "is a link or a device"},
		{name: "a device", text: archive(t, entryOf{name: "a.rules", kind: tar.TypeBlock}), want: "is a link or a device"},
		{name: "a file that is there twice", text: archive(t, entryOf{name: "a.rules", text: good}, entryOf{name: "./a.rules", text: good}), want: "there twice"},
		{name: "a bomb", text: bomb, want: "too large"},
		{name: "a file of holes", text: holes(t, 1<<40), want: "too large"},
		{name: "another sum of what was packed", text: spoiled(archive(t, entryOf{name: "a.rules", text: good})), want: "checksum"},
		{name: "what is cut", text: archive(t, entryOf{name: "a.rules", text: good})[:60], want: "EOF"},
		{name: "no rule", text: archive(t, entryOf{name: "readme", text: "hello"}), want: "there is no rule in it"},
		{name: "rules that cannot be used", text: archive(t, entryOf{name: "a.rules", text: "alert tcp any any -> any any (msg:\"x\"; nonsense; sid:1;)\n"}), want: "none of its 1 rules can be used: a.rules:1:"},
		{name: "another SHA-256", text: archive(t, entryOf{name: "a.rules", text: good}), more: Source{Checksum: strings.Repeat("ab", 32)}, want: "checksum differs"},
		{name: "a checksum that is not there", text: archive(t, entryOf{name: "a.rules", text: good}), more: Source{Checksum: "SHOP/none"}, want: "there is no https://"},
		{name: "nothing", text: []byte{}, want: "is empty"},
		{name: "a server that fails", head: func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusTeapot); return true }, want: "418"},
		{name: "an address in clear to which it leads on", head: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://127.0.0.1:1/a.rules", http.StatusFound)
			return true
		}, want: "which is not https"},
		{name: "an address that leads on to itself", head: func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}, want: "it leads on and on"},
	} {
		s := newShop(t)
		const path = "/emerging.rules.tar.gz"
		s.files[path] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
		c.more.Checksum = strings.Replace(c.more.Checksum, "SHOP", s.URL, 1)
		b := book(t, s, Source{})
		update(t, b)
		s.files[path], s.head = c.text, c.head
		b.Config.Sources[0].Checksum = c.more.Checksum
		if r := update(t, b); r.Outcome != outFailed || !strings.Contains(r.Reason, c.want) {
			t.Errorf("%s: got %+v, want a failure: %s", c.name, r, c.want)
		}
		if got := b.inForce(); !slices.Equal(got, []uint32{1}) {
			t.Errorf("%s: got %v in force, want what was before", c.name, got)
		}
		again, err := Open(b.Needs)
		if err != nil || !slices.Equal(again.inForce(), []uint32{1}) {
			t.Errorf("%s: got %v, %v after a restart, want what was before", c.name, again.inForce(), err)
		}
		if v := again.Sources()[0]; v.State != "failed" || !strings.Contains(v.Reason, c.want) {
			t.Errorf("%s: got %s: %s, want it to be said where sources are listed", c.name, v.State, v.Reason)
		}
	}
}

func TestACertificateThatNobodyVouchesForIsRefused(t *testing.T) {
	s := newShop(t)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	s.files["/emerging.rules.tar.gz"] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{})
	b.Roots = nil
	if r := update(t, b); r.Outcome != outFailed || !strings.Contains(r.Reason, "certificate") {
		t.Errorf("got %+v, want a failure", r)
	}
}

func TestAnUpdateThatIsKilledAnywhereLeavesWhatWas(t *testing.T) {
	s := newShop(t)
	const path = "/emerging.rules.tar.gz"
	s.files[path] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{})
	update(t, b)
	home := folderOf(b.Dir, "et")
	for what, leave := range map[string]func(){
		"while it is fetched": func() { write(t, filepath.Join(home, "fetch-1.part"), "cut") },
		"while files are written": func() {
			write(t, filepath.Join(home, "1.new", "a.rules"), ruleText(2, ""))
		},
		"before source.json names the new folder": func() {
			if _, err := store(b.Dir, "et", strings.Repeat("cd", 32), []File{{Name: "a.rules", Text: []byte(ruleText(2, ""))}}); err != nil {
				t.Fatal(err)
			}
		},
		"while source.json is written": func() { write(t, filepath.Join(home, "source.json.1.part"), `{"current":"`) },
	} {
		leave()
		again, err := Open(b.Needs)
		if err != nil || !slices.Equal(again.inForce(), []uint32{1}) {
			t.Errorf("%s: got %v, %v, want what was before", what, again.inForce(), err)
		}
	}
	s.files[path] = archive(t, entryOf{name: "a.rules", text: ruleText(3, "")})
	if r := update(t, b); r.Outcome != outUpdated {
		t.Fatalf("got %+v, want an update", r)
	}
	all, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 {
		t.Errorf("got %v, want source.json, what is in force and what was before", all)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func TestAFullDiskLeavesWhatWas(t *testing.T) {
	s := newShop(t)
	const path = "/emerging.rules.tar.gz"
	s.files[path] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{})
	update(t, b)
	s.files[path] = archive(t, entryOf{name: "a/a.rules", text: ruleText(2, "")}, entryOf{name: "a/a.rules/b.rules", text: ruleText(3, "")}) // cannot be written
	if r := update(t, b); r.Outcome != outFailed {
		t.Errorf("got %+v, want a failure", r)
	}
	if got := b.inForce(); !slices.Equal(got, []uint32{1}) {
		t.Errorf("got %v in force, want what was before", got)
	}
}

func TestASetThatCannotBePutInForceLeavesWhatWas(t *testing.T) {
	s := newShop(t)
	const path = "/emerging.rules.tar.gz"
	s.files[path] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{})
	update(t, b)
	b.Apply = func(p Put) error {
		if p.Loaded != 1 {
			return errors.New("the process that reads packets cannot take it")
		}
		return nil
	}
	s.files[path] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "") + ruleText(2, "")})
	if r := update(t, b); r.Outcome != outFailed || !strings.Contains(r.Reason, "cannot take it") {
		t.Errorf("got %+v, want a failure", r)
	}
	if got := b.inForce(); !slices.Equal(got, []uint32{1}) {
		t.Errorf("got %v in force, want what was before", got)
	}
	again, err := Open(b.Needs)
	if err != nil || !slices.Equal(again.inForce(), []uint32{1}) {
		t.Errorf("got %v, %v after a restart, want what was before", again.inForce(), err)
	}
}

func TestSourcesThatAreDueAreAsked(t *testing.T) {
	s := newShop(t)
	s.files["/emerging.rules.tar.gz"] = archive(t, entryOf{name: "a.rules", text: ruleText(1, "")})
	b := book(t, s, Source{Interval: time.Hour})
	b.updateDue(context.Background())
	if got := b.inForce(); len(got) != 1 {
		t.Fatalf("got %v in force, want the rule of a source that was never asked", got)
	}
	n := len(s.asked)
	b.updateDue(context.Background())
	if len(s.asked) != n {
		t.Errorf("got %v asked again, want none before an hour is over", s.asked[n:])
	}
}

func TestListsOfDatasetsComeWithTheirRules(t *testing.T) {
	s := newShop(t)
	s.files["/emerging.rules.tar.gz"] = archive(t, entryOf{name: "rules/a.rules", text: "alert dns any any -> any any (msg:\"Bad name\"; dns.query; dataset:isset,bad,type string,load bad.lst; sid:8;)\n"},
		entryOf{name: "rules/bad.lst", text: "ZXZpbC5leGFtcGxl\n"})
	b := book(t, s, Source{})
	if r := update(t, b); r.Outcome != outUpdated || !slices.Equal(b.inForce(), []uint32{8}) {
		t.Errorf("got %+v and %v in force, want rule 8 with its list", r, b.inForce())
	}
	again, err := Open(b.Needs)
	if err != nil || !slices.Equal(again.inForce(), []uint32{8}) {
		t.Errorf("got %v, %v after a restart, want rule 8", again.inForce(), err)
	}
}

func TestAFileOfRulesIsASource(t *testing.T) {
	s := newShop(t)
	s.files["/ward"] = []byte(ruleText(5, ""))
	b := book(t, s, Source{URL: s.URL + "/ward"})
	if r := update(t, b); r.Outcome != outUpdated || r.Verified != "" || !slices.Equal(b.inForce(), []uint32{5}) {
		t.Errorf("got %+v and %v in force, want rule 5, not verified", r, b.inForce())
	}
}

func TestASourceOfThisMachineIsNotFetched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ward.rules")
	write(t, path, ruleText(5, ""))
	b, err := Open(Needs{Config: Config{Sources: []Source{{Name: "et", Path: path}}}, Dir: t.TempDir(), Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if r := update(t, b); !r.Local || r.Outcome != outUnchanged || r.Rules != 1 {
		t.Errorf("got %+v, want one rule, read and not fetched", r)
	}
}
