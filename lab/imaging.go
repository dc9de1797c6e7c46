package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Ports and passwords of the imaging department.
const (
	pacsPort     = 4242
	pacsHTTP     = 8042
	archivePort  = 104
	archiveTLS   = 2762
	viewerPort   = 11112
	pacsUser     = "viewer"
	pacsPassword = "lab-pacs-only"
	// basicSecret is the user and password as HTTP's Basic scheme writes them.
	basicSecret = "dmlld2VyOmxhYi1wYWNzLW9ubHk="
)

// startPACS starts Orthanc, with DICOMweb where the plugin is installed.
func startPACS(ctx context.Context, h *Hospital) error {
	host := h.Host("pacs")
	viewer, archive := addrOf("viewer1").String(), addrOf("archive").String()
	conf := map[string]any{
		"Name": "PACS", "DicomAet": "PACS", "DicomPort": pacsPort, "HttpPort": pacsHTTP,
		"DicomCheckCalledAet": true, "DicomAlwaysAllowStore": true, "DicomAlwaysAllowEcho": true,
		"DicomAlwaysAllowFind": true, "DicomAlwaysAllowMove": true, "DicomAlwaysAllowGet": true,
		"DicomModalities": map[string]any{
			"viewer1": []any{"VIEWER1", viewer, viewerPort}, "archive": []any{"ARCHIVE", archive, archivePort},
		},
		"StorageDirectory": filepath.Join(host.dir, "db"), "IndexDirectory": filepath.Join(host.dir, "db"),
		"RemoteAccessAllowed": true, "AuthenticationEnabled": true, "HttpsVerifyPeers": true,
		"RegisteredUsers": map[string]string{pacsUser: pacsPassword},
		"DicomWeb":        map[string]any{"Enable": true, "Root": "/dicom-web/"},
		"Plugins":         existing("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
		"ConcurrentJobs":  2, "StorageCompression": false, "Locale": "C",
	}
	text, err := json.MarshalIndent(conf, "", "  ")
	if err != nil {
		return err
	}
	path, err := host.write("orthanc.json", string(text))
	if err != nil {
		return err
	}
	return host.Start(ctx, []int{pacsPort, pacsHTTP}, "Orthanc", path)
}

// existing keeps the paths that are there.
func existing(paths ...string) []string {
	kept := []string{}
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			kept = append(kept, p)
		}
	}
	return kept
}

// startArchive starts a second store, in clear and over TLS.
func startArchive(ctx context.Context, h *Hospital) error {
	host := h.Host("archive")
	for _, dir := range []string{"in", "in-tls"} {
		if err := os.Mkdir(filepath.Join(host.dir, dir), 0o755); err != nil {
			return err
		}
	}
	err := host.Start(ctx, []int{archivePort}, "storescp", "--fork", "-aet", "ARCHIVE", "-od", "in", "104")
	if err != nil {
		return err
	}
	return host.Start(ctx, []int{archiveTLS}, "storescp", "--fork", "-aet", "ARCHIVE_TLS", "-od", "in-tls",
		"+tls", h.keyOf("archive"), h.certOf("archive"), "--ignore-peer-cert", "2762")
}

// make writes a study of the patient into the machine's folder and returns its files.
func (m *modality) make(h *Hospital, p Patient) ([]string, error) {
	host := h.Host(m.host)
	var files []string
	for series := 1; series <= m.series; series++ {
		for image := 1; image <= m.images; image++ {
			name := fmt.Sprintf("IM%s%d%02d.dcm", p.Accession[8:], series, image)
			path, err := host.write(name, string(m.object(p, series, image)))
			if err != nil {
				return nil, err
			}
			files = append(files, path)
		}
	}
	return files, nil
}

// send makes a study and stores it on the PACS.
func (m *modality) send(ctx context.Context, h *Hospital, p Patient) error {
	files, err := m.make(h, p)
	if err != nil {
		return err
	}
	_, err = h.Host(m.host).Run(ctx, "storescu",
		append([]string{"-aet", m.ae, "-aec", "PACS", addrOf("pacs").String(), "4242"}, files...)...)
	return err
}

// modalityOf is the machine on that host.
func modalityOf(host string) *modality {
	for i := range modalities {
		if modalities[i].host == host {
			return &modalities[i]
		}
	}
	panic("lab: no modality " + host)
}

// dicom runs one of dcmtk's clients on a host against the PACS. Arguments are words separated by blanks.
func (h *Hospital) dicom(ctx context.Context, from, tool, words string) error {
	_, err := h.Host(from).Run(ctx, tool, h.dicomArgs(words)...)
	return err
}

func (h *Hospital) dicomArgs(words string) []string {
	return append(strings.Fields(words), addrOf("pacs").String(), "4242")
}

// storeStudies sends one study from every machine.
func storeStudies(ctx context.Context, h *Hospital) error {
	for i := range modalities {
		if err := modalities[i].send(ctx, h, Patients[i]); err != nil {
			return err
		}
	}
	return nil
}

// echo asks the PACS whether it is there.
func echo(ctx context.Context, h *Hospital) error {
	return h.dicom(ctx, "ct1", "echoscu", "-aet CT_ROOM1 -aec PACS")
}

// readStudy is a radiologist's minute: find by name, move to the viewer, get one series, browse DICOMweb.
func readStudy(ctx context.Context, h *Hospital) error {
	p, m := Patients[0], modalityOf("ct1")
	study := m.study(p)
	queries := [][2]string{
		{"findscu", "-S -aet VIEWER1 -aec PACS -k QueryRetrieveLevel=STUDY -k PatientName=" + p.Family[:5] +
			"* -k PatientID -k StudyInstanceUID -k AccessionNumber"},
		{"findscu", "-S -aet VIEWER1 -aec PACS -k QueryRetrieveLevel=SERIES -k StudyInstanceUID=" + study +
			" -k SeriesInstanceUID -k Modality"},
		{"movescu", "-S -aet VIEWER1 -aec PACS -aem VIEWER1 --port 11112 -od . -k QueryRetrieveLevel=STUDY -k StudyInstanceUID=" + study},
		{"getscu", "-S -aet VIEWER1 -aec PACS -od . -k QueryRetrieveLevel=SERIES -k StudyInstanceUID=" + study +
			" -k SeriesInstanceUID=" + study + ".1"},
	}
	for _, q := range queries {
		if err := h.dicom(ctx, "viewer1", q[0], q[1]); err != nil {
			return err
		}
	}
	return nil
}

// browsePACS reads the PACS over HTTP: its own interface and DICOMweb, with a patient's number in the address.
func browsePACS(ctx context.Context, h *Hospital) error {
	base := fmt.Sprintf("http://pacs.%s:%d", Domain, pacsHTTP)
	urls := []string{base + "/system", base + "/studies?expand"}
	if len(existing("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")) > 0 {
		urls = append(urls, base+"/dicom-web/studies?PatientID="+Patients[0].MRN)
	}
	for _, u := range urls {
		_, err := h.Host("viewer1").Run(ctx, "curl", "-sSf", "-o", "page", "-u", pacsUser+":"+pacsPassword, u)
		if err != nil {
			return err
		}
	}
	return nil
}

// archiveStudy has the PACS forward a study to the archive.
func archiveStudy(ctx context.Context, h *Hospital) error {
	viewer := h.Host("viewer1")
	base := fmt.Sprintf("http://pacs.%s:%d", Domain, pacsHTTP)
	auth := pacsUser + ":" + pacsPassword
	list, err := viewer.Run(ctx, "curl", "-sSf", "-u", auth, base+"/studies")
	if err != nil {
		return err
	}
	var ids []string
	if err := json.Unmarshal([]byte(list), &ids); err != nil || len(ids) == 0 {
		return fmt.Errorf("the PACS lists no study: %q: %w", list, err)
	}
	_, err = viewer.Run(ctx, "curl", "-sSf", "-o", "page", "-u", auth, "-X", "POST", base+"/modalities/archive/store", "-d", ids[0])
	return err
}

// rejectedAssociation calls the PACS by a name that is not its own (PS3.8 §9.3.4: called AE title not recognised).
func rejectedAssociation(ctx context.Context, h *Hospital) error {
	return h.Host("viewer1").Fails(ctx, "echoscu", h.dicomArgs("-aet BOGUS -aec WRONGAE")...)
}

// abortedAssociation opens an association and aborts it.
func abortedAssociation(ctx context.Context, h *Hospital) error {
	return h.dicom(ctx, "mr1", "echoscu", "--abort -aet MR_ROOM1 -aec PACS")
}

// storeOverTLS sends an image to the archive where only metadata is visible.
func storeOverTLS(ctx context.Context, h *Hospital) error {
	m := modalityOf("mr1")
	files, err := m.make(h, Patients[4])
	if err != nil {
		return err
	}
	_, err = h.Host("mr1").Run(ctx, "storescu", "-aet", m.ae, "-aec", "ARCHIVE_TLS", "+tla", "--add-cert-file", h.ca,
		addrOf("archive").String(), "2762", files[0])
	return err
}
