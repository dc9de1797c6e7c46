package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// startWeb starts nginx as the front of the record, and as the internet.
func startWeb(ctx context.Context, h *Hospital) error {
	ehr, internet := h.Host("ehr"), h.Host(internetName)
	if err := ehr.pages(); err != nil {
		return err
	}
	if err := internet.pages(); err != nil {
		return err
	}
	proxy := fmt.Sprintf("location /fhir { proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1; }\n", fhirPort)
	if err := ehr.nginx(ctx, h, servedNames["ehr"], proxy); err != nil {
		return err
	}
	return internet.nginx(ctx, h, internetNames, "")
}

// nginx serves the names over HTTP and HTTPS.
func (host *Host) nginx(ctx context.Context, h *Hospital, names []string, more string) error {
	conf, err := host.write("nginx.conf", fmt.Sprintf(`
user root;
worker_processes 1;
daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/nginx.err;
events { worker_connections 256; }
http {
	access_log %[1]s/access.log;
	client_max_body_size 4m;
	keepalive_requests 100000;
	types { text/html html; text/css css; application/javascript js; application/json json; application/octet-stream bin; }
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen 80;
		listen [::]:80;
		listen 443 ssl http2;
		server_name %[2]s;
		ssl_certificate %[3]s;
		ssl_certificate_key %[4]s;
		ssl_protocols TLSv1.2 TLSv1.3;
		root %[1]s/www;
		location = /login { return 302 /portal/index.html; }
		location = /report { return 204; }
		%[5]s
	}
}
`, host.dir, strings.Join(names, " "), h.certOf(host.Name), h.keyOf(host.Name), more))
	if err != nil {
		return err
	}
	return host.Start(ctx, []int{80, 443}, "nginx", "-p", host.dir, "-e", filepath.Join(host.dir, "nginx.err"), "-c", conf)
}

// pages writes what the web server shows.
func (host *Host) pages() error {
	files := map[string]string{
		"portal/index.html": page("Ward 3", 40), "portal/ward.css": strings.Repeat("td { padding: 2px }\n", 60),
		"portal/ward.js": strings.Repeat("refresh(30);\n", 90), "index.html": page("Welcome", 8),
		"update.bin": strings.Repeat("lab update block\n", 1500), "status.json": `{"ok":true}` + "\n",
	}
	for name, text := range files {
		if _, err := host.write(filepath.Join("www", name), text); err != nil {
			return err
		}
	}
	return os.Chmod(filepath.Join(host.dir, "www"), 0o755)
}

func page(title string, rows int) string {
	return "<!doctype html><title>" + title + "</title><table>\n" + strings.Repeat("<tr><td>bed<td>free\n", rows) + "</table>\n"
}

// fetch gets URLs with one curl, over one connection where they are on one server.
func (h *Host) fetch(ctx context.Context, args ...string) error {
	_, err := h.Run(ctx, "curl", append([]string{"-sS", "--remote-name-all", "--output-dir", h.dir, "-w", "%{http_code} %{url}\n"}, args...)...)
	return err
}

// readRecord is a nurse's look at the record over HTTP: portal pages and FHIR.
func readRecord(ctx context.Context, h *Hospital) error {
	nurse, base := h.Host("nurse1"), "http://ehr."+Domain
	calls := [][]string{
		{base + "/login", base + "/portal/index.html", base + "/portal/ward.css", base + "/portal/ward.js", base + "/portal/missing.png"},
		{"-H", "Accept: " + fhirType, base + "/fhir/metadata"},
		{"-H", "Accept: " + fhirType, "-A", "WardApp/3.1", base + "/fhir/Patient/" + Patients[0].MRN},
		{"-H", "Accept: " + fhirType, "-A", "WardApp/3.1", base + "/fhir/Patient?family=" + Patients[1].Family},
		{"-H", "Accept: " + fhirType, "-A", "WardApp/3.1", base + "/fhir/Patient?identifier=urn:oid:2.25.31415926535%7C" + Patients[2].MRN},
		{"-H", "Accept: " + fhirType, "-A", "WardApp/3.1", base + "/fhir/Observation?patient=Patient/" + Patients[0].MRN + "&code=8867-4"},
		{"-H", "Accept: " + fhirType, "-A", "WardApp/3.1", base + "/fhir/Patient/" + Patients[0].MRN + "/$everything"},
		{"-H", "Accept: " + fhirType, "-A", "WardApp/3.1", base + "/fhir/Patient/00000000"},
	}
	for _, c := range calls {
		if err := nurse.fetch(ctx, c...); err != nil {
			return err
		}
	}
	return nil
}

// readRecordIPv6 reads a page of the record over IPv6, by a name that has no other address.
func readRecordIPv6(ctx context.Context, h *Hospital) error {
	return h.Host("viewer1").fetch(ctx, "http://"+ehr6Name+"/portal/index.html")
}

// writeRecord creates, updates and deletes resources, searches by POST and posts a transaction.
func writeRecord(ctx context.Context, h *Hospital) error {
	nurse, base := h.Host("nurse1"), "http://ehr."+Domain+"/fhir"
	p := Patients[3]
	obs := fmt.Sprintf(`{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/%s"},"valueQuantity":{"value":37.2}}`, p.MRN)
	patient := fmt.Sprintf(`{"resourceType":"Patient","name":[{"family":%q}],"identifier":[{"value":%q}]}`, p.Family, p.MRN)
	tx := fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":%s,"request":{"method":"POST","url":"Observation"}},{"resource":%s,"request":{"method":"POST","url":"Observation"}}]}`, obs, obs)
	calls := []struct{ method, url, kind, body string }{
		{"POST", "/Observation", fhirType, obs},
		{"POST", "/Patient", fhirType, patient},
		{"PUT", "/Observation/new-1", fhirType, obs},
		{"DELETE", "/Observation/new-1", "", ""},
		{"POST", "/Patient/_search", "application/x-www-form-urlencoded", "family=" + p.Family},
		{"POST", "", fhirType, tx},
		{"POST", "/Patient", fhirType, `{"resourceType":"Nonsense"}`},
	}
	for _, c := range calls {
		args := []string{"-X", c.method, "-A", "WardApp/3.1", "-H", "Accept: " + fhirType}
		if c.body != "" {
			args = append(args, "-H", "Content-Type: "+c.kind, "--data-binary", c.body)
		}
		if err := nurse.fetch(ctx, append(args, "-o", "answer", base+c.url)...); err != nil {
			return err
		}
	}
	return nil
}

// readRecordTLS is the same record over HTTPS, under several names, and once with nothing newer than TLS 1.2.
func readRecordTLS(ctx context.Context, h *Hospital) error {
	nurse := h.Host("nurse1")
	calls := [][]string{
		{"https://portal." + Domain + "/portal/index.html"},
		{"https://ehr." + Domain + "/fhir/Patient/" + Patients[0].MRN},
		{"--http1.1", "https://intranet." + Domain + "/portal/index.html"},
		{"--tls-max", "1.2", "https://intranet." + Domain + "/status.json"},
	}
	for _, c := range calls {
		if err := nurse.fetch(ctx, append([]string{"--cacert", h.ca}, c...)...); err != nil {
			return err
		}
	}
	return nil
}

// reachOut is what leaves the hospital: a page, an update in clear, a device's telemetry, and a client that trusts nobody.
func reachOut(ctx context.Context, h *Hospital) error {
	if err := h.Host("nurse1").fetch(ctx, "--cacert", h.ca, "https://www.example.org/index.html"); err != nil {
		return err
	}
	if err := h.Host("mr1").fetch(ctx, "-A", "syn-updater/2", "http://updates.example.net/update.bin"); err != nil {
		return err
	}
	if err := h.Host("ct1").fetch(ctx, "--cacert", h.ca, "--http1.1", "-A", "spira/7.2.1", "-o", "answer", "-d", `{"uptime":86400}`,
		"https://telemetry.example.net/report"); err != nil {
		return err
	}
	return h.Host("nurse1").Fails(ctx, "curl", "-sS", "-o", "answer", "https://mail.example.org/") // unknown authority: alert
}
