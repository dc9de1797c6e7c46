package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzAuthorize asks for an application with any parameters: whoever is sent away goes to the address that is registered, or to a page of ours.
func FuzzAuthorize(f *testing.F) {
	for _, q := range []string{
		"client_id=ward&redirect_uri=https%3A%2F%2Fward.example%2Fback&response_type=code&scope=openid&state=s",
		"client_id=ward&redirect_uri=https%3A%2F%2Fward.example%2Fback%2F..&response_type=code&scope=openid",
		"client_id=ward&redirect_uri=https%3A%2F%2Fward.example%2Fback&redirect_uri=https%3A%2F%2Fx.example&response_type=code&scope=openid",
		"client_id=ward&redirect_uri=https%3A%2F%2Fward.example%2Fback&response_type=code&scope=openid&prompt=none&max_age=0&acr_values=phrh+x",
		"client_id=ward&redirect_uri=https%3A%2F%2Fward.example%2Fback&response_type=token&scope=openid&prompt=login&max_age=99999999999999999999",
		"client_id=ward&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax&id_token_hint=a.b.c",
	} {
		f.Add(q)
	}
	h := newHall(f, Settings{})
	f.Fuzz(func(t *testing.T, q string) {
		w := httptest.NewRecorder()
		h.authorize(w, &http.Request{Method: http.MethodGet, Host: "b.example", URL: &url.URL{Path: "/oidc/authorize", RawQuery: q}, Header: http.Header{}})
		to := w.Header().Get("Location")
		if to != "" && !strings.HasPrefix(to, "https://ward.example/back?") && !strings.HasPrefix(to, "/prove?") {
			t.Errorf("led to %q", to)
		}
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzCheckAddress registers any address: one that is taken is whole, and read alike by everybody.
func FuzzCheckAddress(f *testing.F) {
	for _, a := range []string{"https://ward.example/back", "http://127.0.0.1:8080/x?y=1", "https://a@b/", "https://ward.example\\@x/", "https:///x", "http://localhost.x.example/", "https://ward.example/#x", "javascript:alert(1)"} {
		f.Add(a)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if checkAddress(text) != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" || len(text) > longAddress {
			t.Errorf("%q is taken", text)
		}
	})
}
