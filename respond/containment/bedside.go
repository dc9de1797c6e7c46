package containment

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"bulwark/platform/web"
)

//go:embed page/release.html page/release.css
var pageFiles embed.FS

// bedside is the page on which somebody beside a device types a code. It needs no script and no account.
type bedside struct {
	Language, Other, OtherName, Title, Lead, Label, Button string
	Fault, Done                                            string
}

// words are the texts of the page in a language.
func words(french bool) bedside {
	if french {
		return bedside{Language: "fr", Other: "en", OtherName: "English", Title: "Lever un confinement pour 30 minutes",
			Lead:  "Le code est celui que la sécurité a remis au service. L'appareil retrouve le réseau pour 30 minutes ; chaque levée est enregistrée.",
			Label: "Code", Button: "Lever pour 30 minutes"}
	}
	return bedside{Language: "en", Other: "fr", OtherName: "Français", Title: "Lift a containment for 30 minutes",
		Lead:  "The code is the one that the security team gave to the ward. The device is back on the network for 30 minutes; each release is recorded.",
		Label: "Code", Button: "Lift for 30 minutes"}
}

func french(r *http.Request) bool {
	if l := r.URL.Query().Get("lang"); l != "" {
		return l == "fr"
	}
	return strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "fr")
}

func (d *Doors) showBedside(w http.ResponseWriter, r *http.Request) {
	d.draw(w, r, http.StatusOK, words(french(r)))
}

// doBedside lifts by a form.
func (d *Doors) doBedside(w http.ResponseWriter, r *http.Request) {
	fr := french(r)
	p := words(fr)
	say := func(en, french string) string {
		if fr {
			return french
		}
		return en
	}
	l, err := d.c.Release(r.Context(), r.PostFormValue("code"), web.Peer(r))
	switch {
	case err == nil:
		at := l.Released.In(time.Local).Format("15:04")
		p.Done = say("Lifted until "+at+": "+l.called()+". It takes a few seconds.", "Levé jusqu'à "+at+" : "+l.called()+". Cela prend quelques secondes.")
		d.draw(w, r, http.StatusOK, p)
	case errors.Is(err, ErrCode):
		p.Fault = say("No containment has this code. Each code is good once: ask the security team for another.", "Aucun confinement n'a ce code. Chaque code sert une fois : demandez-en un autre à la sécurité.")
		d.draw(w, r, http.StatusNotFound, p)
	case errors.Is(err, ErrTooMany):
		p.Fault = say("Too many attempts. Wait a minute, or call the security team.", "Trop d'essais. Attendez une minute, ou appelez la sécurité.")
		d.draw(w, r, http.StatusTooManyRequests, p)
	default:
		d.c.needs.Log.ErrorContext(r.Context(), "a bedside release failed", "error", err)
		p.Fault = say("It did not work. Call the security team.", "Cela n'a pas fonctionné. Appelez la sécurité.")
		d.draw(w, r, http.StatusInternalServerError, p)
	}
}

// called is the target of a lease as people know it.
func (l *Lease) called() string {
	if l.Name != "" {
		return l.Name
	}
	return l.Target
}

func (d *Doors) draw(w http.ResponseWriter, r *http.Request, status int, p bedside) {
	var out bytes.Buffer
	t, err := template.ParseFS(pageFiles, "page/release.html")
	if err == nil {
		err = t.Execute(&out, p)
	}
	if err != nil {
		d.c.needs.Log.ErrorContext(r.Context(), "drawing the release page", "error", err)
		web.Refuse(w, r, http.StatusInternalServerError, "containment.failed")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

func (d *Doors) styleBedside(w http.ResponseWriter, r *http.Request) {
	http.ServeFileFS(w, r, pageFiles, "page/release.css")
}
