package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestALogoutThatIsPostedIsAskedAgainWithCookies(t *testing.T) {
	for _, test := range []struct {
		form   url.Values
		status int
		to     string
	}{
		{url.Values{"id_token_hint": {"a.b.c"}, "post_logout_redirect_uri": {"https://ward.example/bye?a=b"}, "state": {"s&t"}, "client_id": {"x"}}, http.StatusSeeOther,
			"/oidc/logout?id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fward.example%2Fbye%3Fa%3Db&state=s%26t"},
		{url.Values{"post_logout_redirect_uri": {"//evil.example"}}, http.StatusSeeOther, "/oidc/logout?post_logout_redirect_uri=%2F%2Fevil.example"},
		{nil, http.StatusSeeOther, "/oidc/logout?"},
		{url.Values{"state": {strings.Repeat("x", mostPosted)}}, http.StatusRequestEntityTooLarge, ""},
	} {
		r := httptest.NewRequest("POST", "/oidc/logout?state=of-the-address", strings.NewReader(test.form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		logoutPosted(w, r)
		if to := w.Header().Get("Location"); w.Code != test.status || to != test.to {
			t.Errorf("%v: %d to %q", test.form, w.Code, to)
		}
	}
}
