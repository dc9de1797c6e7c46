package identity

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
	"bulwark/platform/web"
)

func TestTheHomologationReportSaysWhatIsSo(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	rose, _ := s.invited(admin, "rose", web.Reader)
	s.invitation(admin, "zoe", web.Reader)
	a := admin.page("/homologation")
	want(t, "the report", a, http.StatusOK)
	for _, x := range []string{
		"How people are identified · Hôpital Sainte-Marie", `Can sign in</th><td>2<`, `Invited, cannot sign in yet</th><td>1<`, `App that shows codes (TOTP, RFC 6238)</th><td>2<`,
		`Passkey that cannot leave its device</th><td>0<`, `<th scope="row">administrator</th><td>0</td><td>0</td><td>1</td><td>0</td><td>0</td>`,
		`<th scope="row">reader</th><td>1</td><td>0</td><td>1</td><td>0</td><td>0</td>`, "needed by everybody<", "on evidence alone",
		"1 administrators have no passkey", "There is no second administrator", "1 invitations are open", "no list was imported",
	} {
		if !strings.Contains(a.text, x) {
			t.Errorf("it does not say %q", x)
		}
	}
	s.config.Directories = []directory.Config{{Name: "ad", Kerberos: kerberos.Config{Realm: "AD.HOSPITAL.EXAMPLE", Keytab: "keytab"}}}
	s.config.PasswordAlone, s.config.PasswordAge = []string{"reader"}, 90*24*time.Hour
	a = admin.page("/homologation?lang=fr")
	for _, x := range []string{"Comment les personnes sont identifiées", "exigé de tous sauf de ceux qui ne sont que reader", "90 jours", "dispensées de second facteur", "Le ticket du poste tient lieu de mot de passe de</th><td>ad (AD.HOSPITAL.EXAMPLE)<"} {
		if !strings.Contains(a.text, x) {
			t.Errorf("in French it does not say %q", x)
		}
	}
	want(t, "for a reader", rose.page("/homologation"), http.StatusForbidden)
}

func TestTheReportIsInBothLanguages(t *testing.T) {
	e, f := reflect.ValueOf(reportEnglish()), reflect.ValueOf(reportFrench())
	for n := range e.NumField() {
		name := e.Type().Field(n).Name
		if e.Field(n).IsZero() || f.Field(n).IsZero() || e.Field(n).Len() == 0 || e.Field(n).Kind() == reflect.Slice && e.Field(n).Len() != f.Field(n).Len() {
			t.Errorf("%s is not filled in both", name)
		}
	}
}
