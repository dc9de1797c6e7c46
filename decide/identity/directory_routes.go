package identity

import (
	"net/http"
	"slices"

	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// HostRoutes are the doors of the room for whoever is at the machine itself.
func (i *Identity) HostRoutes() []web.Route {
	host := func(*http.Request) string { return ledger.Host }
	trusted := func(*http.Request) error { return nil }
	return slices.Concat(i.directoryRoutes(host), i.deviceDoors(host, trusted), i.staffRoutes(host, trusted))
}

func (i *Identity) directoryRoutes(actor func(*http.Request) string) []web.Route {
	return []web.Route{
		{Method: "GET", Pattern: "/api/directories", Duties: []web.Duty{web.Administrator}, Handler: http.HandlerFunc(i.getDirectories)},
		{Method: "POST", Pattern: "/api/directories/{name}/read", Duties: []web.Duty{web.Administrator}, Handler: i.postRead(actor)},
		{Method: "POST", Pattern: "/api/directories/{name}/adopt", Duties: []web.Duty{web.Administrator}, Handler: i.postAdopt(actor)},
	}
}

func (i *Identity) getDirectories(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, http.StatusOK, map[string]any{"directories": i.Directories()})
}

// postRead reads a directory now.
func (i *Identity) postRead(actor func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Confirm bool }
		if err := web.ReadJSON(r, &in); err != nil {
			i.fail(w, r, err)
			return
		}
		v, err := i.SyncDirectory(r.Context(), r.PathValue("name"), actor(r), in.Confirm)
		if err != nil {
			i.fail(w, r, err)
			return
		}
		web.JSON(w, http.StatusOK, v)
	}
}

// postAdopt joins somebody who is here to their account there.
func (i *Identity) postAdopt(actor func(*http.Request) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Login string }
		err := web.ReadJSON(r, &in)
		if err == nil {
			err = i.AdoptPerson(r.Context(), r.PathValue("name"), actor(r), in.Login)
		}
		i.done(w, r, err)
	}
}
