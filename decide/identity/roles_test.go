package identity

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"bulwark/platform/web"
)

func TestWhoIsKnownHereAloneHasRolesToo(t *testing.T) {
	s := sqliteSite(t)
	admin := s.administrator()
	var out struct{ Person struct{ ID string } }
	invite := map[string]any{"login": "zoe", "name": "Zoé Roux", "roles": []string{"nurse", "clinician", "nurse"}, "units": []string{" Urgences  Adultes "}}
	want(t, "a carer without a duty", admin.call("POST", "/api/people", invite, &out), http.StatusCreated)
	p := s.row("zoe")
	if strings.Join(p.Roles, ",") != "clinician,nurse" || strings.Join(p.Units, ",") != "urgences adultes" || len(p.Duties) != 0 {
		t.Errorf("%+v", p)
	}
	at := "/api/people/" + out.Person.ID
	for name, in := range map[string]any{
		"a duty as a role":        map[string]any{"roles": []string{"administrator"}},
		"a role of other letters": map[string]any{"roles": []string{"Médecin"}},
		"an empty unit":           map[string]any{"roles": []string{"nurse"}, "units": []string{"  "}},
		"nothing at all":          map[string]any{},
		"too many":                map[string]any{"roles": []string{"nurse"}, "units": manyUnits()},
	} {
		want(t, name, admin.call("POST", at+"/roles", in, nil), http.StatusUnprocessableEntity)
	}
	want(t, "another unit", admin.call("POST", at+"/roles", map[string]any{"roles": []string{"clinician"}, "units": []string{"bloc"}}, nil), http.StatusNoContent)
	if p := s.row("zoe"); strings.Join(p.Roles, ",") != "clinician" || strings.Join(p.Units, ",") != "bloc" {
		t.Errorf("%+v", p)
	}
	want(t, "duties beside", admin.call("POST", at+"/duties", map[string]any{"duties": []web.Duty{web.Reader}}, nil), http.StatusNoContent)
	want(t, "no duties again", admin.call("POST", at+"/duties", map[string]any{"duties": []web.Duty{}}, nil), http.StatusNoContent)
	want(t, "a person without either", admin.call("POST", "/api/people", map[string]any{"login": "x1", "name": "X"}, nil), http.StatusUnprocessableEntity)
}

func manyUnits() []string {
	var all []string
	for n := range manyRoles + 1 {
		all = append(all, fmt.Sprint("unit ", n))
	}
	return all
}
