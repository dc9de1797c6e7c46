package identity

import (
	"errors"
	"net/http"
	"time"

	"bulwark/decide/identity/internal/devicecert"
	"bulwark/platform/web"
)

// deviceAnswer is one device as the console shows it.
type deviceAnswer struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Kind      string            `json:"kind"` // workstation, shared, service
	Unit      string            `json:"unit,omitempty"`
	Inventory string            `json:"inventory,omitempty"`
	Created   time.Time         `json:"created"`
	Expires   time.Time         `json:"expires"`
	Revoked   time.Time         `json:"revoked,omitzero"`
	Seen      time.Time         `json:"seen,omitzero"`
	Reported  time.Time         `json:"reported,omitzero"`
	System    string            `json:"system,omitempty"`
	Checks    map[string]string `json:"checks"`
	// Lacks are why it is not sound: checks that are not good, or no-report.
	Lacks    []string `json:"lacks"`
	Sessions int      `json:"sessions"` // that are open from it
}

// deviceRoutes are the doors for devices themselves, who show a code or their certificate, and for whoever looks after them.
func (i *Identity) deviceRoutes() []web.Route {
	public := func(pattern string, h http.HandlerFunc) web.Route {
		return web.Route{Method: "POST", Pattern: pattern, Duties: []web.Duty{web.Public}, Handler: h}
	}
	return append(i.deviceDoors(func(r *http.Request) string { return me(r).Actor() }, i.freshly),
		public("/api/trusted/enrol", i.postEnrol), public("/api/trusted/renew", i.postRenewDevice), public("/api/trusted/report", i.postReport),
		web.Route{Method: "GET", Pattern: "/api/trusted/authority.pem", Duties: []web.Duty{web.Administrator, web.Auditor}, Handler: http.HandlerFunc(i.getAuthority)})
}

// deviceDoors are those for whoever looks after devices; check looks at a request that changes something.
func (i *Identity) deviceDoors(actor func(*http.Request) string, check func(*http.Request) error) []web.Route {
	admin := []web.Duty{web.Administrator}
	return []web.Route{
		{Method: "GET", Pattern: "/api/trusted", Duties: []web.Duty{web.Administrator, web.Auditor}, Handler: http.HandlerFunc(i.getDevices)},
		{Method: "POST", Pattern: "/api/trusted/codes", Duties: admin, Handler: i.postCode(actor, check)},
		{Method: "DELETE", Pattern: "/api/trusted/{id}", Duties: admin, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := check(r)
			if err == nil {
				err = i.RevokeDevice(r.Context(), actor(r), r.PathValue("id"))
			}
			i.done(w, r, err)
		})},
	}
}

// freshly refuses what changes trust in a session whose person proved long ago who they are.
func (i *Identity) freshly(r *http.Request) error { return i.proved(me(r)) }

func (i *Identity) getDevices(w http.ResponseWriter, r *http.Request) {
	var rows []*deviceRow
	if err := i.db.Read().NewSelect().Model(&rows).OrderExpr("name").Scan(r.Context()); err != nil {
		i.fail(w, r, err)
		return
	}
	var open []struct {
		Device string
		N      int
	}
	err := i.db.Read().NewSelect().Model((*sessionRow)(nil)).ColumnExpr("device, COUNT(*) AS n").Where("device <> ''").Group("device").Scan(r.Context(), &open)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	all := make([]deviceAnswer, 0, len(rows))
	for _, d := range rows {
		i.judgeDevice(d)
		a := deviceAnswer{ID: d.ID, Name: d.Name, Kind: d.Kind, Unit: d.Unit, Inventory: d.Inventory, Created: d.Created, Expires: d.Expires, Revoked: d.Revoked, Seen: d.Seen,
			Reported: d.Reported, System: d.Posture.System, Checks: d.Posture.Checks, Lacks: d.faults}
		for _, o := range open {
			if o.Device == d.ID {
				a.Sessions = o.N
			}
		}
		all = append(all, a)
	}
	web.JSON(w, http.StatusOK, map[string]any{"devices": all, "required": append([]string{}, i.config.Posture.Require...), "authority": i.authority.Load() != nil})
}

// postCode makes a code with which a device enrols.
func (i *Identity) postCode(actor func(*http.Request) string, check func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			station
			Hours int `json:"hours"`
		}
		err := errors.Join(web.ReadJSON(r, &in), check(r))
		var code string
		var ends time.Time
		if err == nil {
			code, ends, err = i.NewDeviceCode(r.Context(), actor(r), in.station, time.Duration(in.Hours)*time.Hour)
		}
		if err != nil {
			i.fail(w, r, err)
			return
		}
		web.JSON(w, http.StatusCreated, map[string]any{"code": code, "ends": ends})
	}
}

// certificate is what a device gets.
type certificate struct {
	Name        string `json:"name"`
	Certificate string `json:"certificate"` // PEM
	Authority   string `json:"authority"`   // PEM
}

func (i *Identity) postEnrol(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code, Request string }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	cert, d, err := i.EnrolDevice(r.Context(), in.Code, []byte(in.Request), i.visitorOf(r))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusCreated, certificate{d.Name, string(cert), string(i.authority.Load().PEM())})
}

func (i *Identity) postRenewDevice(w http.ResponseWriter, r *http.Request) {
	var in struct{ Request string }
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	cert, err := i.renewDevice(r, []byte(in.Request))
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, certificate{Certificate: string(cert), Authority: string(i.authority.Load().PEM())})
}

// reportAnswer tells a device what it lacks, and whether it should renew its certificate.
type reportAnswer struct {
	Lacks []string `json:"lacks"`
	Renew bool     `json:"renew"`
}

func (i *Identity) postReport(w http.ResponseWriter, r *http.Request) {
	var in Report
	if err := web.ReadJSON(r, &in); err != nil {
		i.fail(w, r, err)
		return
	}
	d, err := i.reportDevice(r, in)
	if err != nil {
		i.fail(w, r, err)
		return
	}
	web.JSON(w, http.StatusOK, reportAnswer{d.faults, d.Expires.Sub(i.clock.Now()) < renewFrom})
}

func (i *Identity) getAuthority(w http.ResponseWriter, r *http.Request) {
	a := i.authority.Load()
	if a == nil {
		i.fail(w, r, ErrDevice)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Content-Disposition", `attachment; filename="bulwark-devices.pem"`)
	_, _ = w.Write(a.PEM())
}

// deviceFaults are what can be wrong with devices, for the console.
func deviceFaults() []apiFault {
	const bad = http.StatusUnprocessableEntity
	return []apiFault{
		{ErrDevice, http.StatusNotFound, "no-such-device", ""},
		{ErrDeviceCode, bad, "device-code", "code"},
		{ErrDeviceName, bad, "device-name", "name"},
		{ErrBadge, bad, "badge", "number"},
		{ErrPIN, bad, "pin", "pin"},
		{ErrReport, bad, "report", ""},
		{devicecert.ErrRequest, bad, "certificate-request", "request"},
	}
}
