import { z } from "zod";
import { GenericAlert, GenericBody, GenericChange } from "./body.ts";

const published = z.registry<{ id: string }>();
published.add(GenericAlert, { id: "Alert" });
published.add(GenericChange, { id: "Change" });
published.add(GenericBody, { id: "Delivery" });

const reason = (description: string) => ({
  description,
  content: {
    "application/json": { schema: { type: "object", properties: { error: { type: "string" } }, required: ["error"] } },
  },
});

/** The OpenAPI 3.1 page of the generic API: `docs/openapi.yaml` is its text, and the HTTP door serves it. */
export const openapi = {
  openapi: "3.1.0",
  info: {
    title: "Faultline: alerts and changes in",
    version: "1",
    description: "For every system that has no connector of its own: post alerts and changes as JSON.",
    license: { name: "Apache-2.0", identifier: "Apache-2.0" },
  },
  paths: {
    "/webhooks/generic": {
      post: {
        operationId: "deliver",
        summary: "Deliver alerts and changes",
        description:
          "Answers once all of it is stored. The same body, or the same Idempotency-Key, sent again changes nothing, so a sender may repeat whatever was not answered with 2xx or 4xx.",
        security: [{ signature: [] }, { bearer: [] }],
        parameters: [
          {
            name: "Idempotency-Key",
            in: "header",
            required: false,
            description: "The sender's own id of this delivery.",
            schema: { type: "string", maxLength: 200 },
          },
        ],
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Delivery" } } },
        },
        responses: {
          "2XX": { description: "Stored, or known already." },
          "400": reason("A field is not what it should be; the answer names it."),
          "401": reason("The signature or token is missing, wrong, or too old."),
          "413": reason("The body is too large."),
          "503": reason("Overloaded, or the store is down; send it again after Retry-After seconds."),
        },
      },
    },
  },
  components: {
    securitySchemes: {
      signature: {
        type: "apiKey",
        in: "header",
        name: "X-Faultline-Signature",
        description:
          "t=<unix seconds>,v1=<hex>, where hex is the HMAC-SHA256 of `<unix seconds>.<body>` with the secret in the settings; at most five minutes old.",
      },
      bearer: { type: "http", scheme: "bearer" },
    },
    schemas: schemasOf(),
  },
};

function schemasOf(): Record<string, unknown> {
  const { schemas } = z.toJSONSchema(published, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]),
  );
}
