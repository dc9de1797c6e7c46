package identity

import (
	"net/http"

	"bulwark/platform/web"
)

// Routes are the doors of the room.
func (i *Identity) Routes() []web.Route {
	var all []web.Route
	add := func(method, pattern string, h http.HandlerFunc, duties ...web.Duty) {
		all = append(all, web.Route{Method: method, Pattern: pattern, Duties: duties, Handler: h})
	}
	add("GET", "/auth/static/{file}", i.pages.file, web.Public)
	add("GET", "/setup/{token}", i.showSetup, web.Public)
	add("POST", "/setup/{token}", i.doSetup, web.Public)
	add("GET", "/invite/{token}", i.showInvite, web.Public)
	add("POST", "/invite/{token}", i.doInvite, web.Public)
	add("GET", "/sign-in", i.showSignIn, web.Public)
	add("POST", "/sign-in", i.doSignIn, web.Public)
	add("GET", "/sign-in/second", i.showSecond, web.Public)
	add("POST", "/sign-in/second", i.doSecond, web.Public)
	add("POST", "/sign-in/second/send", i.doSend, web.Public)
	add("POST", "/sign-in/passkey", i.postSignInPasskey, web.Public)
	// A session that has already ended is no reason to refuse.
	add("POST", "/sign-out", i.doSignOut, web.Public)
	add("POST", "/api/sign-out", i.doSignOut, web.Public)

	add("GET", "/factors", i.showFactors, web.Enrolling)
	add("GET", "/factors/app", i.showApp, web.Enrolling)
	add("POST", "/factors/app", i.judged(i.doApp), web.Enrolling)
	add("GET", "/factors/codes", i.showPaper, web.SignedIn)
	add("POST", "/factors/codes", i.doPaper, web.SignedIn)
	add("GET", "/renew", i.showRenew, web.Enrolling)
	add("POST", "/renew", i.doRenew, web.Enrolling)
	add("GET", "/vouch", i.showVouch, web.SignedIn)
	add("POST", "/vouch", i.doVouch, web.SignedIn)
	add("POST", "/api/vouch", i.postVouch, web.SignedIn)
	add("GET", "/prove", i.showProve, web.Enrolling)
	add("POST", "/prove", i.doProve, web.Enrolling)
	add("POST", "/api/me/prove", i.postProve, web.Enrolling)
	add("GET", "/api/me/factors", i.getFactors, web.SignedIn)
	add("DELETE", "/api/me/app", i.deleteApp, web.SignedIn)

	add("GET", "/api/me", i.getMe, web.SignedIn)
	add("POST", "/api/me/password", i.postPassword, web.SignedIn)
	add("GET", "/api/me/passkeys", i.getPasskeys, web.SignedIn)
	add("POST", "/api/me/passkeys", i.judged(i.postPasskey), web.Enrolling)
	add("DELETE", "/api/me/passkeys/{id}", i.deletePasskey, web.SignedIn)
	add("GET", "/api/me/changes", i.getChanges, web.SignedIn)
	add("POST", "/api/me/changes", i.readChanges, web.SignedIn)
	add("GET", "/api/sessions", i.getSessions, web.SignedIn)
	add("DELETE", "/api/sessions", i.deleteSessions, web.SignedIn)
	add("DELETE", "/api/sessions/{id}", i.deleteSession, web.SignedIn)

	add("GET", "/api/people", i.getPeople, web.Administrator, web.HelpDesk)
	add("GET", "/api/people/{id}", i.getPerson, web.Administrator, web.HelpDesk)
	add("GET", "/api/people/export", i.getPeopleFile, web.Administrator)
	add("GET", "/homologation", i.getHomologation, web.Administrator, web.Auditor)
	add("GET", "/api/people/names", i.getNames, web.Duties()...)
	add("GET", "/api/sessions/everybody", i.getEverySession, web.Administrator, web.Auditor)
	add("DELETE", "/api/sessions/everybody/{id}", i.deleteAnySession, web.Administrator)
	add("POST", "/api/people", i.postPerson, web.Administrator)
	add("POST", "/api/people/several", i.postSeveral, web.Administrator)
	add("POST", "/api/people/{id}", i.postEdit, web.Administrator)
	add("POST", "/api/people/{id}/duties", i.postDuties, web.Administrator)
	add("POST", "/api/people/{id}/roles", i.postRoles, web.Administrator)
	add("POST", "/api/people/{id}/disable", i.postDisable, web.Administrator)
	add("POST", "/api/people/{id}/enable", i.postEnable, web.Administrator)
	add("POST", "/api/people/{id}/renewal", i.limited("renewal", i.postRenewal), web.Administrator, web.HelpDesk)
	add("POST", "/api/people/{id}/reset", i.limited("reset-link", i.postReset), web.Administrator, web.HelpDesk)
	add("DELETE", "/api/people/{id}/sessions", i.limited("end-sessions", i.deletePersonSessions), web.Administrator, web.HelpDesk)

	all = append(all, i.providerRoutes()...)
	all = append(all, i.ticketRoutes()...)
	all = append(all, i.deviceRoutes()...)
	all = append(all, i.stationRoutes()...)
	all = append(all, i.adminProviderRoutes()...)
	add("POST", "/api/people/{id}/national", i.postNational, web.Administrator)
	add("POST", "/api/people/{id}/message", i.postReach, web.Administrator)
	actor := func(r *http.Request) string { return me(r).Actor() }
	all = append(all, i.directoryRoutes(actor)...)
	all = append(all, i.staffRoutes(actor, func(r *http.Request) error { return i.proved(me(r)) })...)
	add("POST", "/api/me/data", i.getOwnData, web.SignedIn)

	// Approvers and auditors read it too: somebody else than the administrators must be able to see what these did.
	add("GET", "/api/ledger", i.getLedger, web.Administrator, web.Approver, web.Auditor)
	add("GET", "/api/ledger/verify", i.getVerify, web.Administrator, web.Approver, web.Auditor)
	add("GET", "/api/ledger/{seq}/proof", i.getProof, web.Administrator, web.Approver, web.Auditor)
	return all
}
