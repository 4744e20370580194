import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { chromium } from 'playwright-core';
import { Demo } from './lib/demo.mjs';
const demo = await Demo.start();
const home='/tmp/nss/home'; fs.rmSync(home,{recursive:true,force:true}); 
for (const d of ['.pki/nssdb','.local/share/pki/nssdb']) { fs.mkdirSync(`${home}/${d}`,{recursive:true});
execFileSync('/tmp/nss/x/usr/bin/certutil',['-d',`sql:${home}/${d}`,'-N','--empty-password']);
execFileSync('/tmp/nss/x/usr/bin/certutil',['-d',`sql:${home}/${d}`,'-A','-t','C,,','-n','sluis','-i',demo.json.ca_file]);}
for (const h of [home,'/tmp/nss/none']) {
const browser = await chromium.launch({executablePath:'/usr/bin/chromium',env:{...process.env,HOME:h},args:['--no-sandbox','--disable-background-networking','--host-resolver-rules=MAP *.localhost 127.0.0.1']});
const p = await browser.newPage();
for (const host of Object.keys(demo.json.hosts)) { try { const r=await p.goto(demo.url(host,'/')); console.log(h,host, r.status()); } catch(e){ console.log(h,host,e.message.split('\n')[0]); } }
await browser.close(); }
await demo.stop(); process.exit();
