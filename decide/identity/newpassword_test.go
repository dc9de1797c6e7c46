package identity

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bulwark/platform/web"
)

// changes tries to change a password, with what else the console sends.
func changes(b *browser, current, next string) answer {
	return b.call("POST", "/api/me/password", map[string]string{"current": current, "new": next}, nil)
}

func TestAPasswordIsNotChosenAgain(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	current := good
	for _, next := range []string{"marmite-hamac-falaise-igloo", "violon-patinoire-tricycle-boa", "moutarde-citrouille-ski-quai"} {
		want(t, "a new password", changes(admin, current, next), http.StatusNoContent)
		current = next
	}
	for _, had := range []string{current, good} {
		a := changes(admin, current, had)
		want(t, "one that was had before", a, http.StatusUnprocessableEntity)
		if !strings.Contains(a.text, "password-former") {
			t.Errorf("%s", a.text)
		}
	}
	reader, id := s.invited(admin, "rose", web.Reader)
	want(t, "another's", changes(reader, good, "marmite-hamac-falaise-igloo"), http.StatusNoContent)
	var reset struct{ Link struct{ URL string } }
	want(t, "a reset", admin.call("POST", "/api/people/"+id+"/reset", nil, &reset), http.StatusOK)
	a := s.browser().form(strings.TrimPrefix(reset.Link.URL, s.server.URL), "password", "marmite-hamac-falaise-igloo", "again", "marmite-hamac-falaise-igloo")
	want(t, "the password that was taken away", a, http.StatusUnprocessableEntity)
}

func TestOnlyTheLastPasswordsAreRemembered(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	current := good
	words := []string{"marmite", "hamac", "falaise", "igloo", "violon", "quai"}
	for k := range formers + 1 {
		next := words[k] + "-" + words[(k+1)%6] + "-girafe-tournevis"
		want(t, "a new password", changes(admin, current, next), http.StatusNoContent)
		current = next
	}
	n, err := s.db.Read().NewSelect().Model((*formerRow)(nil)).Count(t.Context())
	if err != nil || n != formers {
		t.Errorf("%d are remembered, %v; want %d", n, err, formers)
	}
	want(t, "the oldest", changes(admin, current, good), http.StatusNoContent)
}

func TestAStolenPasswordIsRefusedFromWhenItIsKnown(t *testing.T) {
	s := sqliteSite(t)
	s.stolen.file = filepath.Join(t.TempDir(), StolenFile)
	admin := s.administrator()
	next := "marmite-hamac-falaise-igloo"
	if _, err := ImportStolen(context.Background(), strings.NewReader("azerty\n"+next+"\n"), s.stolen.file, 0, nil); err != nil {
		t.Fatal(err)
	}
	s.clock.Add(lookForList + time.Second)
	a := changes(admin, good, next)
	want(t, "a stolen password", a, http.StatusUnprocessableEntity)
	if !strings.Contains(a.text, "password-stolen") {
		t.Errorf("%s", a.text)
	}
	if l, err := ShowStolen(s.stolen.file); err != nil || l.Entries != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := ImportStolen(context.Background(), strings.NewReader("azerty\nqwerty\n"), s.stolen.file, 0, nil); err != nil {
		t.Fatal(err)
	}
	s.clock.Add(lookForList + time.Second)
	want(t, "when another list says otherwise", changes(admin, good, next), http.StatusNoContent)
}

func TestColleaguesNamesMakeNoPassword(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	want(t, "inviting", admin.call("POST", "/api/people", map[string]any{"login": "xk", "name": "Xavière Krzyżanowska", "duties": []web.Duty{web.Reader}}, nil), http.StatusCreated)
	a := changes(admin, good, "Krzyzanowska-Xaviere")
	want(t, "a colleague's name", a, http.StatusUnprocessableEntity)
	if !strings.Contains(a.text, "password-context") {
		t.Errorf("%s", a.text)
	}
}
