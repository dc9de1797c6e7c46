package identity

import (
	"fmt"
	"net/http"
	"testing"

	"bulwark/platform/web"
)

func TestTheHelpDeskHelpsWhoeverDecidesNothing(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	desk, deskID := s.invited(admin, "desk", web.HelpDesk)
	ids := map[web.Duty]string{web.HelpDesk: deskID}
	for _, d := range web.Duties() {
		if d != web.HelpDesk {
			ids[d], _ = s.invitation(admin, "of-"+string(d), d)
		}
	}
	for _, d := range web.Duties() {
		for _, act := range []struct{ method, path string }{{"POST", "reset"}, {"POST", "renewal"}, {"DELETE", "sessions"}} {
			a := desk.call(act.method, "/api/people/"+ids[d]+"/"+act.path, nil, nil)
			switch {
			case d != web.Reader && (a.StatusCode != http.StatusForbidden || a.code() != "help-desk-limits"):
				t.Errorf("%s of %s = %d %s, want a refusal", act.path, d, a.StatusCode, a.code())
			case d == web.Reader && a.StatusCode == http.StatusForbidden:
				t.Errorf("%s of a reader = %d %s", act.path, a.StatusCode, a.code())
			}
		}
	}
	for _, path := range []string{"duties", "roles", "disable", "enable"} {
		if a := desk.call("POST", "/api/people/"+ids[web.Reader]+"/"+path, map[string]any{}, nil); a.StatusCode != http.StatusForbidden || a.code() != "duty-needed" {
			t.Errorf("%s = %d %s, want a refusal", path, a.StatusCode, a.code())
		}
	}
	want(t, "listing people", desk.call("GET", "/api/people", nil, nil), http.StatusOK)
}

func TestTheHelpDeskMakesSoManyLinksADayAfterAFreshProof(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	desk, _ := s.invited(admin, "desk", web.HelpDesk)
	id, _ := s.invitation(admin, "nina", web.Reader)
	for n := range helpADay {
		want(t, fmt.Sprintf("link %d", n), desk.call("POST", "/api/people/"+id+"/reset", nil, nil), http.StatusOK)
	}
	if a := desk.call("POST", "/api/people/"+id+"/reset", nil, nil); a.StatusCode != http.StatusTooManyRequests || a.code() != "help-desk-many" {
		t.Errorf("one more = %d %s", a.StatusCode, a.code())
	}
	for n := range helpADay {
		want(t, fmt.Sprintf("end %d of sessions", n), desk.call("DELETE", "/api/people/"+id+"/sessions", nil, nil), http.StatusNoContent)
	}
	if a := desk.call("DELETE", "/api/people/"+id+"/sessions", nil, nil); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("ending sessions once more = %d %s", a.StatusCode, a.code())
	}
	s.clock.Add(FreshProof)
	if a := desk.call("POST", "/api/people/"+id+"/reset", nil, nil); a.code() != "prove-again" {
		t.Errorf("with an old proof = %d %s", a.StatusCode, a.code())
	}
	want(t, "an administrator's link", admin.call("POST", "/api/people/"+id+"/reset", nil, nil), http.StatusOK)
}
