package oidc

import (
	"encoding/json"
	"errors"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"

	"bulwark/decide/identity"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// issuer is our name: the first of the console's, or the one that we were reached by where it has none; the server has checked it. The port is
// that of the request.
func (p *Provider) issuer(r *http.Request) string {
	host := r.Host
	if len(p.Names) > 0 {
		host = p.Names[0]
		if _, port, err := net.SplitHostPort(r.Host); err == nil {
			host = net.JoinHostPort(host, port)
		}
	}
	return "https://" + host + "/oidc"
}

// Routes are the doors of the provider.
func (p *Provider) Routes() []web.Route {
	var all []web.Route
	add := func(method, pattern string, h http.HandlerFunc, duty web.Duty) {
		all = append(all, web.Route{Method: method, Pattern: pattern, Duties: []web.Duty{duty}, Handler: h})
	}
	add("GET", "/oidc/.well-known/openid-configuration", p.discovery, web.Public)
	add("GET", "/oidc/jwks", p.jwks, web.Public)
	add("GET", "/oidc/authorize", p.authorize, web.Public)
	add("GET", "/oidc/resume", p.resume, web.Public)
	add("POST", "/oidc/par", p.push, web.Public)
	add("POST", "/oidc/token", p.tokens, web.Public)
	add("POST", "/oidc/revoke", p.revoke, web.Public)
	add("POST", "/oidc/introspect", p.introspect, web.Public)
	add("GET", "/oidc/userinfo", p.userinfo, web.Public)
	add("POST", "/oidc/userinfo", p.userinfo, web.Public)
	add("GET", "/oidc/logout", p.logout, web.Public)
	// Pages of applications may post it, too (2): without our cookies, so that it leads on to where they come along.
	all = append(all, web.Route{Method: "POST", Pattern: "/oidc/logout", Duties: []web.Duty{web.Public}, Handler: http.HandlerFunc(logoutPosted), Foreign: true})
	// An application's page may post it (OpenID Connect Core 3.1.2.1): it changes nothing, and leads on to one of ours.
	all = append(all, web.Route{Method: "POST", Pattern: "/oidc/authorize", Duties: []web.Duty{web.Public}, Handler: http.HandlerFunc(p.authorize), Foreign: true})
	return append(all, p.listRoutes(func(r *http.Request) string {
		who, _ := identity.From(r.Context())
		return who.Actor()
	})...)
}

// HostRoutes are the doors of the provider for whoever is at the machine itself.
func (p *Provider) HostRoutes() []web.Route {
	return p.listRoutes(func(*http.Request) string { return ledger.Host })
}

// listRoutes are those of the list of applications.
func (p *Provider) listRoutes(actor func(*http.Request) string) []web.Route {
	duties := []web.Duty{web.Administrator}
	return []web.Route{
		{Method: "GET", Pattern: "/api/applications", Duties: duties, Handler: http.HandlerFunc(p.getClients)},
		{Method: "POST", Pattern: "/api/applications", Duties: duties, Handler: p.postClient(actor)},
		{Method: "DELETE", Pattern: "/api/applications/{id}", Duties: duties, Handler: p.deleteClient(actor)},
	}
}

func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	i, auth := p.issuer(r), []string{secretBasic, secretPost, keyJWT, public}
	web.JSON(w, http.StatusOK, map[string]any{
		"issuer": i, "authorization_endpoint": i + "/authorize", "token_endpoint": i + "/token", "userinfo_endpoint": i + "/userinfo",
		"jwks_uri": i + "/jwks", "pushed_authorization_request_endpoint": i + "/par", "revocation_endpoint": i + "/revoke",
		"introspection_endpoint": i + "/introspect", "end_session_endpoint": i + "/logout",
		"response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
		"grant_types_supported": []string{"authorization_code", "refresh_token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "profile"},
		"token_endpoint_auth_methods_supported":            auth,
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256", "PS256", "ES256", "EdDSA"},
		"code_challenge_methods_supported":                 []string{"S256"}, "acr_values_supported": []string{"aal1", "aal2", "aal3", "phr", "phrh"},
		"claims_supported":             []string{"sub", "name", "preferred_username", "groups", "auth_time", "acr", "amr", "sid"},
		"backchannel_logout_supported": true, "backchannel_logout_session_supported": true, "claims_parameter_supported": false,
		"authorization_response_iss_parameter_supported": true, "request_parameter_supported": false, "request_uri_parameter_supported": false,
	})
}

func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	set, err := p.published(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, set)
}

// about is what an application may know of somebody.
func about(g *grantRow, who identity.Person) map[string]any {
	out := map[string]any{"sub": g.Person}
	if slices.Contains(words(g.Request.Scope), "profile") {
		groups := slices.Clone(who.Roles)
		for _, d := range who.Duties {
			groups = append(groups, string(d))
		}
		out["name"], out["preferred_username"], out["groups"] = who.Name, who.Login, groups
	}
	return out
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok && r.Method == http.MethodPost {
		text = r.PostFormValue("access_token")
	}
	_, g, who, err := p.token(r.Context(), text, "access")
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if g == nil {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750, 3
		web.JSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	web.JSON(w, http.StatusOK, about(g, who))
}

// introspect tells an application whether a token of its own is good (RFC 7662).
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	c, err := p.authenticate(r)
	if err != nil {
		p.oauthError(w, r, err)
		return
	}
	for _, kind := range []string{"access", "refresh"} {
		t, g, _, err := p.token(r.Context(), r.PostForm.Get("token"), kind)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		if g != nil && g.Client == c.ID && t.Used.IsZero() {
			web.JSON(w, http.StatusOK, map[string]any{"active": true, "client_id": c.ID, "sub": g.Person, "scope": g.Request.Scope, "iss": g.Issuer, "exp": t.Ends.Unix(), "acr": g.ACR})
			return
		}
	}
	web.JSON(w, http.StatusOK, map[string]any{"active": false})
}

// fail shows what is wrong on a page of ours: nothing is sent to an address that nobody registered.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	var f *fault
	if !errors.As(err, &f) {
		p.Log.ErrorContext(r.Context(), "the OpenID provider cannot answer", "request_id", web.RequestID(r.Context()), "error", err)
		web.Refuse(w, r, http.StatusInternalServerError, "internal")
		return
	}
	title, lead := "The application cannot sign you in", "Tell whoever runs the application: "
	if identity.French(r) {
		title, lead = "L’application ne peut pas vous connecter", "Prévenez le responsable de l’application : "
	}
	p.page(w, r, http.StatusBadRequest, view{Title: title, Text: lead + f.code + ": " + f.text})
}

// goOn leads to a registered address by a page.
func (p *Provider) goOn(w http.ResponseWriter, r *http.Request, to string) {
	v := view{Title: "Signed in", Link: "Continue", To: to}
	if identity.French(r) {
		v.Title, v.Link = "Connecté", "Continuer"
	}
	p.page(w, r, http.StatusOK, v)
}

// explain tells somebody why policies keep them from an application, what would help, and leads back to it.
func (p *Provider) explain(w http.ResponseWriter, r *http.Request, c *clientRow, no Refusal, back string) {
	v := view{Title: c.Name + " does not open", Text: "A rule of the hospital refuses: " + no.Why.in(r), Link: "Back to the application", Back: back}
	if identity.French(r) {
		v.Title, v.Text, v.Link = c.Name+" ne s’ouvre pas", "Une règle de l’établissement refuse : "+no.Why.in(r), "Retour à l’application"
	}
	for _, t := range no.Next {
		v.More = append(v.More, t.in(r))
	}
	p.page(w, r, http.StatusForbidden, v)
}

// view is a page: To is where it goes by itself, Back where it leads when asked to.
type view struct {
	Language, Title, Text, To, Back, Link string
	More                                  []string
}

func (p *Provider) page(w http.ResponseWriter, r *http.Request, status int, v view) {
	v.Language = "en"
	if identity.French(r) {
		v.Language = "fr"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = frame().Execute(w, v) // who went away reads nothing
}

func frame() *template.Template {
	return template.Must(template.New("").Parse(`<!doctype html><html lang="{{.Language}}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{{with .To}}<meta http-equiv="refresh" content="0;url={{.}}">{{end}}
<title>{{.Title}} · Bulwark</title><link rel="stylesheet" href="/auth/static/auth.css"></head>
<body><main><h1>{{.Title}}</h1>{{with .Text}}<p>{{.}}</p>{{end}}{{range .More}}<p>{{.}}</p>{{end}}{{with or .To .Back}}<p><a href="{{.}}">{{$.Link}}</a></p>{{end}}</main></body></html>
`))
}

func (p *Provider) getClients(w http.ResponseWriter, r *http.Request) {
	all, err := p.Clients(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, map[string]any{"applications": all})
}

func (p *Provider) postClient(actor func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { p.addClient(w, r, actor(r)) }
}

func (p *Provider) addClient(w http.ResponseWriter, r *http.Request, actor string) {
	var in struct {
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Settings json.RawMessage `json:"settings"`
	}
	var s Settings
	err := web.ReadJSON(r, &in)
	if err == nil {
		if err = json.Unmarshal(in.Settings, &s); err != nil {
			err = web.ErrBody
		}
	}
	var c Client
	secret := ""
	if err == nil {
		c, secret, err = p.Register(r.Context(), actor, in.ID, in.Name, s)
	}
	if err != nil {
		p.apiFail(w, r, err)
		return
	}
	web.JSON(w, http.StatusCreated, map[string]any{"application": c, "client_secret": secret})
}

func (p *Provider) deleteClient(actor func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := p.Remove(r.Context(), actor(r), r.PathValue("id")); err != nil {
			p.apiFail(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *Provider) apiFail(w http.ResponseWriter, r *http.Request, err error) {
	if !web.RefuseFault(w, r, err, web.Fault{Err: web.ErrBody, Status: 400, Code: "body"},
		web.Fault{Err: ErrClient, Status: 422, Code: "application"}, web.Fault{Err: ErrNoClient, Status: 404, Code: "no-such-application"}) {
		p.fail(w, r, err)
	}
}
