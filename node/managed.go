package node

import (
	"net/http"
	"slices"
	"strings"

	"bulwark/platform/web"
)

// managedArea is the area of the doors that change something, where the hospital has them used from devices that it looks after alone
// (access.managed): policies speak of it.
const managedArea = "managed-device"

// fromAnywhere are the doors that stay open on any device: emergency access, signing in and getting back in, enrolling devices, whatever is
// one's own, what ends a harm, and questions that change nothing. Below a path that ends with a slash, all.
var fromAnywhere = []string{
	"/api/access/glasses", "/api/access/glasses/",
	"/api/me/", "/api/sessions", "/api/sessions/", "/api/vouch", "/factors/", "/prove", "/renew", "/vouch",
	"/api/people/{id}/disable", "/api/people/{id}/renewal", "/api/people/{id}/reset", "/api/people/{id}/sessions",
	"/api/trusted/",
	"/api/containments/{id}/decline", "/api/containments/{id}/lift", "/api/safety/freeze",
	"/api/access/explain", "/api/access/policies/try", "/api/access/who", "/api/logrules/try", "/api/playbooks/check", "/api/rules/try", "/api/safety/preview",
}

// managedAlone reports whether a route changes something that can wait for a device of the hospital.
func managedAlone(r web.Route) bool {
	return r.Method != http.MethodGet && !slices.ContainsFunc(fromAnywhere, func(p string) bool {
		return r.Pattern == p || strings.HasSuffix(p, "/") && strings.HasPrefix(r.Pattern, p)
	})
}
