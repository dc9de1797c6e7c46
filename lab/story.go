package lab

import (
	"context"
	"fmt"
	"time"
)

// act is a scenario of the story and when it begins, counted from the story's begin.
type act struct {
	at time.Duration
	Scenario
}

// Phases of the story, counted from its begin.
const (
	morning   = 11 * time.Minute
	intrusion = 26 * time.Minute
	storyEnd  = 32 * time.Minute
)

// story is half an hour on a ward: the end of a night, a morning, and somebody who should not be there. Every scenario
// of [Scenarios] is in it, so that the expectations hold for it too.
func story() []act {
	var all []act
	all = append(all, devices()...)
	all = append(all, night()...)
	all = append(all, workday()...)
	all = append(all, bustle()...)
	all = append(all, attack()...)
	return inOrder(all)
}

// devices are what reports day and night: a pump and a monitor over connections that they keep.
func devices() []act {
	var all []act
	for i := range int(storyEnd / (30 * time.Second)) {
		begin := time.Duration(i) * 30 * time.Second
		all = append(all,
			act{begin + 4*time.Second, Scenario{"pump report", func(ctx context.Context, h *Hospital) error {
				return h.report(ctx, "pump1", infusion(Patients[0], h.Host("pump1").MAC, fmt.Sprintf("PMP1%03d", i), 40+i%7, time.Now()))
			}}},
			act{begin + 19*time.Second, Scenario{"monitor report", func(ctx context.Context, h *Hospital) error {
				return h.report(ctx, "monitor1", vitals(Patients[1], fmt.Sprintf("MON1%03d", i), 66+i*5%11, time.Now()))
			}}})
	}
	return all
}

// night is what little happens before the shift changes.
func night() []act {
	return []act{
		{20 * time.Second, Scenario{"lease", leases}},
		{2 * time.Minute, Scenario{"night round", pageLoad("nurse1", "http://ehr."+Domain)}},
		{3 * time.Minute, Scenario{"backup check", remoteShell}},
		{5*time.Minute + 30*time.Second, Scenario{"telemetry", reachOut}},
		{7 * time.Minute, Scenario{"emergency image", study("cr1", 5)}},
		{7*time.Minute + 40*time.Second, Scenario{"forwarded", archiveStudy}},
		{9 * time.Minute, Scenario{"night round", pageLoad("nurse1", "https://portal."+Domain)}},
	}
}

// workday is a morning: people log in, patients arrive, images are made and read.
func workday() []act {
	var all []act
	at := morning
	next := func(gap time.Duration, name string, run func(context.Context, *Hospital) error) {
		all = append(all, act{at, Scenario{name, run}})
		at += gap
	}
	// Every scenario but the attacker's, spread over the morning.
	for _, s := range Scenarios() {
		if !hostile(s.Name) {
			next(22*time.Second, s.Name, s.Run)
		}
	}
	for i := range Patients {
		p := Patients[i]
		next(9*time.Second, "image", study(modalities[i%len(modalities)].host, i))
		next(6*time.Second, "page", pageLoad("nurse1", "https://portal."+Domain))
		next(9*time.Second, "result", func(ctx context.Context, h *Hospital) error {
			return h.report(ctx, "lis", laboratory(p, fmt.Sprintf("LAB1%03d", i), 8+2*i, time.Now()))
		})
		next(7*time.Second, "record", func(ctx context.Context, h *Hospital) error {
			return h.Host("nurse1").fetch(ctx, "-H", "Accept: "+fhirType, "-A", "WardApp/3.1", "http://ehr."+Domain+"/fhir/Patient/"+p.MRN,
				"http://ehr."+Domain+"/fhir/Observation?patient=Patient/"+p.MRN)
		})
	}
	return all
}

// bustle is what screens and machines of a working ward do all the time.
func bustle() []act {
	patient := func(i int) string { return Patients[i%len(Patients)].MRN }
	turns := []func(i int) Scenario{
		func(int) Scenario { return Scenario{"screen", pageLoad("nurse2", "https://portal."+Domain)} },
		func(i int) Scenario {
			return Scenario{"trolley", func(ctx context.Context, h *Hospital) error {
				return h.Host("nurse2").fetch(ctx, "-H", "Accept: "+fhirType, "-A", "Trolley/2.0", "http://ehr."+Domain+"/fhir/Patient/"+patient(i))
			}}
		},
		func(int) Scenario { return Scenario{"viewer", pageLoad("viewer1", "https://intranet."+Domain)} },
		func(int) Scenario {
			return Scenario{"echo", func(ctx context.Context, h *Hospital) error {
				return h.dicom(ctx, "mr1", "echoscu", "-aet MR_ROOM1 -aec PACS")
			}}
		},
		func(i int) Scenario {
			return Scenario{"worklist", func(ctx context.Context, h *Hospital) error {
				return h.dicom(ctx, "viewer1", "findscu", "-P -aet VIEWER1 -aec PACS -k QueryRetrieveLevel=PATIENT -k PatientID="+patient(i)+" -k PatientName")
			}}
		},
		func(int) Scenario { return Scenario{"ping", pings} },
	}
	var all []act
	for i := range int((intrusion - morning) / (7 * time.Second)) {
		all = append(all, act{morning + time.Duration(i)*7*time.Second, turns[i%len(turns)](i)})
	}
	return all
}

// attack is the intruder, from the first scan on.
func attack() []act {
	var all []act
	at := intrusion
	for _, s := range Scenarios() {
		if hostile(s.Name) {
			all = append(all, act{at, s})
			at += 70 * time.Second
		}
	}
	return all
}

// hostile tells which scenarios are the attacker's.
func hostile(name string) bool {
	switch name {
	case "port scan", "dicom sweep", "password guessing", "dns tunnel":
		return true
	}
	return false
}

func study(host string, patient int) func(context.Context, *Hospital) error {
	return func(ctx context.Context, h *Hospital) error {
		return modalityOf(host).send(ctx, h, Patients[patient])
	}
}

func pageLoad(host, base string) func(context.Context, *Hospital) error {
	return func(ctx context.Context, h *Hospital) error {
		return h.Host(host).fetch(ctx, "--cacert", h.ca, base+"/portal/index.html", base+"/portal/ward.css", base+"/portal/ward.js")
	}
}

// report sends a message to the record over a connection that the host keeps.
func (h *Hospital) report(ctx context.Context, from, message string) error {
	c := h.feeds[from]
	if c == nil {
		var err error
		if c, err = h.hl7Connect(ctx, from, "ehr", ehrHL7); err != nil {
			return err
		}
		h.feeds[from] = c
	}
	ack, err := c.send(message)
	if err == nil && ack != "AA" {
		err = fmt.Errorf("%s's report was acknowledged with %q, want AA", from, ack)
	}
	return err
}
