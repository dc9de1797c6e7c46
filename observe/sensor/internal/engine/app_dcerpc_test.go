package engine

import (
	"testing"

	"bulwark/event"
)

func TestAnAnsweredCallShowsWhatTheServerIs(t *testing.T) {
	tests := []struct {
		name string
		e    event.DCERPC
		want string
	}{
		{"an interface of domain controllers is taken", event.DCERPC{Activity: "Bind", Response: "BINDACK", Services: []string{"drsuapi"}, Results: []string{"0"}}, roleController},
		{"the second of two is", event.DCERPC{Activity: "Bind", Response: "BINDACK", Services: []string{"drsuapi", "netlogon"}, Results: []string{"2", "0"}}, roleController},
		{"it is refused", event.DCERPC{Activity: "Bind", Response: "BINDACK", Services: []string{"drsuapi"}, Results: []string{"2"}}, ""},
		{"nobody answers", event.DCERPC{Activity: "Bind", Services: []string{"drsuapi"}, Results: []string{"-"}}, ""},
		{"nothing is taken", event.DCERPC{Activity: "Bind", Response: "BINDNACK", Services: []string{"drsuapi"}}, ""},
		{"a call says no more than its binding", event.DCERPC{Activity: "Call", Version: "5.0", Response: "RESPONSE", Services: []string{"netlogon"}}, ""},
		{"over UDP there is no binding", event.DCERPC{Activity: "Call", Version: "4.0", Response: "RESPONSE", Services: []string{"netlogon"}}, roleController},
		{"it has groups", event.DCERPC{Activity: "Call", Version: "5.0", Operation: "SamrOpenGroup", Response: "RESPONSE", Services: []string{"samr"}}, roleGroups},
		{"it has none", event.DCERPC{Activity: "Call", Version: "5.0", Operation: "SamrOpenGroup", Response: "FAULT", Fault: "access denied", Services: []string{"samr"}}, ""},
		{"every Windows has users", event.DCERPC{Activity: "Call", Version: "5.0", Operation: "SamrOpenUser", Response: "RESPONSE", Services: []string{"samr"}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := rpcRole(&tt.e); got != tt.want {
				t.Errorf("it shows %q, want %q", got, tt.want)
			}
		})
	}
}
