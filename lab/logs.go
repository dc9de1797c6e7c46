package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logFiles are the logs that the hospital's servers write, and whose they are.
func logFiles(h *Hospital) map[string]string {
	return map[string]string{
		sshLog(h): "files",
		filepath.Join(h.Host("files").dir, "samba.log"):   "files",
		filepath.Join(h.Host("ehr").dir, "access.log"):    "ehr",
		filepath.Join(h.Host("dc").dir, "freeradius.log"): "dc",
	}
}

// logSettings have Bulwark read the logs of the servers.
func logSettings(h *Hospital) string {
	var b strings.Builder
	b.WriteString("logs:\n  files:\n")
	for path, host := range logFiles(h) {
		fmt.Fprintf(&b, "    - path: %s\n      host: %s.%s\n", path, host, Domain)
	}
	return b.String()
}

// radiusSecret is shared by the RADIUS server and the sockets of the hospital.
const radiusSecret = "Lab-radius-2026"

// startRADIUS starts FreeRADIUS beside the directory. It lets the staff into the network, and says in its log whom it let in.
func startRADIUS(ctx context.Context, h *Hospital) error {
	host := h.Host("dc")
	if _, err := host.write("raddb/users", fmt.Sprintf("%s Cleartext-Password := %q\n%s Cleartext-Password := %q\n", nurse.user, nurse.password, doctor.user, doctor.password)); err != nil {
		return err
	}
	if _, err := host.write("raddb/dictionary", "$INCLUDE /usr/share/freeradius/dictionary\n"); err != nil {
		return err
	}
	_, err := host.write("raddb/radiusd.conf", fmt.Sprintf(`
prefix = /usr
logdir = %[1]s
run_dir = %[1]s
libdir = /usr/lib/freeradius
pidfile = %[1]s/radiusd.pid
log {
	destination = stdout
	auth = yes
	auth_badpass = no
	auth_goodpass = no
}
security {
	allow_core_dumps = no
	max_attributes = 200
	reject_delay = 0
	status_server = yes
}
client hospital {
	ipaddr = 10.20.0.0/16
	secret = %[2]s
	shortname = sockets
}
modules {
	files {
		filename = %[1]s/raddb/users
	}
	pap {
	}
}
server default {
	listen {
		type = auth
		ipaddr = *
		port = 1812
	}
	authorize {
		files
		pap
	}
	authenticate {
		pap
	}
}
`, host.dir, radiusSecret))
	if err != nil {
		return err
	}
	return host.Start(ctx, nil, "freeradius", "-f", "-l", "stdout", "-d", filepath.Join(host.dir, "raddb"))
}

// joinsNetwork has a socket of the hospital ask whether somebody may come in from a device.
func (h *Hospital) joinsNetwork(ctx context.Context, socket string, who account, mac string) error {
	c := h.Host(socket).Command(ctx, "radclient", "-x", "-r", "1", "-t", "3", addrOf("dc").String(), "auth", radiusSecret)
	c.Stdin = strings.NewReader(fmt.Sprintf("User-Name=%q,User-Password=%q,Calling-Station-Id=%q,NAS-Port-Type=Ethernet\n", who.user, who.password,
		strings.ToUpper(strings.ReplaceAll(mac, ":", "-"))))
	_, err := output(c)
	return err
}

// audited is what the record says of somebody who worked with it (IHE ATNA, DICOM PS3.15 §A.5).
func audited(code, what, action, user, from, patient string, at time.Time) string {
	return fmt.Sprintf(`<85>1 %[1]s ehr.%[2]s ehr 1 IHE+RFC-3881 - <?xml version="1.0" encoding="UTF-8"?><AuditMessage>`+
		`<EventIdentification EventActionCode=%[3]q EventDateTime=%[1]q EventOutcomeIndicator="0"><EventID csd-code=%[4]q codeSystemName="DCM" originalText=%[5]q/></EventIdentification>`+
		`<ActiveParticipant UserID=%[6]q UserIsRequestor="true" NetworkAccessPointID=%[7]q NetworkAccessPointTypeCode="2"/>`+
		`<AuditSourceIdentification AuditSourceID="EHR"/>`+
		`<ParticipantObjectIdentification ParticipantObjectID="%[8]s^^^HOSP" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"><ParticipantObjectIDTypeCode csd-code="2"/></ParticipantObjectIdentification></AuditMessage>`,
		at.UTC().Format(time.RFC3339Nano), Domain, action, code, what, user, from, patient)
}

// audit has the record send audit messages to the repository, over the network.
func (h *Hospital) audit(ctx context.Context, messages []string) error {
	c, err := h.Host("ehr").Dial(ctx, "udp4", net.JoinHostPort(addrOf("dc").String(), "514"))
	if err != nil {
		return err
	}
	for _, m := range messages {
		if _, err = c.Write([]byte(m)); err != nil && !refusedPort(err) {
			break
		}
		err = nil
		time.Sleep(2 * time.Millisecond) // a repository is no sink for bursts
	}
	return errors.Join(err, c.Close())
}

// refusedPort reports whether an earlier datagram found nobody: the lab has no repository, and the sensor reads what is sent to it.
func refusedPort(err error) bool { return strings.Contains(err.Error(), "connection refused") }

// LogIntrusions are what an intruder does that servers write into their logs, beside [Intrusions]. All of it is done from the laptop
// that somebody has brought along, with the accounts of the staff.
func LogIntrusions() []Scenario {
	return []Scenario{
		{"a shift is audited (ATNA)", auditShift},
		{"staff joins the network (RADIUS)", joinNetwork},
		{"password guessed (ssh)", guessRight},
		{"accounts tried at a socket (RADIUS)", guessAtSocket},
		{"files renamed (smbclient)", renameAll},
		{"records taken out (ATNA)", takeRecords},
	}
}

// auditShift is a nurse at work with the record: thirty patients, all day.
func auditShift(ctx context.Context, h *Hospital) error {
	now := time.Now()
	return h.audit(ctx, lines(60, func(i int) string {
		return audited("110110", "Patient Record", "R", "cclerk", addrOf("nurse1").String(), fmt.Sprint(1000+i%30), now)
	}))
}

// joinNetwork is what happens at sockets all day: two people come in, one of whom mistypes.
func joinNetwork(ctx context.Context, h *Hospital) error {
	mac := h.Host("nurse1").MAC
	err := h.joinsNetwork(ctx, "gateway", account{nurse.user, "mistyped"}, mac)
	if err == nil {
		return errors.New("a wrong password lets somebody into the network")
	}
	return errors.Join(refused(err), h.joinsNetwork(ctx, "gateway", nurse, mac), h.joinsNetwork(ctx, "gateway", doctor, mac))
}

func guessRight(ctx context.Context, h *Hospital) error {
	for i := range guesses {
		if err := h.Host(laptop).Fails(ctx, "sshpass", sshArgs(account{doctor.user, fmt.Sprintf("Winter%d", 2000+i)}, "true")...); err != nil {
			return err
		}
	}
	_, err := h.Host(laptop).Run(ctx, "sshpass", sshArgs(doctor, "id; uname -a")...)
	return err
}

func guessAtSocket(ctx context.Context, h *Hospital) error {
	for i := range 8 {
		who := account{fmt.Sprint("staff", i), "Hospital1"}
		if err := h.joinsNetwork(ctx, "gateway", who, h.Host(laptop).MAC); refused(err) != nil {
			return err
		}
	}
	return nil
}

// renameAll does to a folder of the ward's share what ransomware does, file by file.
func renameAll(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	if _, err := host.write("report.txt", "a report"); err != nil {
		return err
	}
	commands := append([]string{"mkdir taken"}, slices.Concat(
		lines(130, func(i int) string { return fmt.Sprintf("put report.txt taken/r%d.docx", i) }),
		lines(130, func(i int) string { return fmt.Sprintf("rename taken/r%[1]d.docx taken/r%[1]d.docx.akira", i) }))...)
	return host.attempt(ctx, "smbclient", smbArgs("ward", doctor, strings.Join(append(commands, "deltree taken"), "; "))...)
}

// takeRecords is somebody who opens the records of many patients, and carries those of some away.
func takeRecords(ctx context.Context, h *Hospital) error {
	now, from := time.Now(), addrOf(laptop).String()
	opened := lines(140, func(i int) string {
		return audited("110110", "Patient Record", "R", doctor.user, from, fmt.Sprint(5000+i), now)
	})
	return h.audit(ctx, append(opened, lines(40, func(i int) string {
		return audited("110106", "Export", "R", doctor.user, from, fmt.Sprint(5000+i), now)
	})...))
}
