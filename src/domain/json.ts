import { z } from "zod";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const Json: z.ZodType<Json> = z.json() as z.ZodType<Json>;

export const Labels = z.record(z.string(), z.string());
export type Labels = z.output<typeof Labels>;
