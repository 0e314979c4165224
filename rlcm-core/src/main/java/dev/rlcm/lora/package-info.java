/**
 * Low-rank adapters: {@link dev.rlcm.lora.LoraConfig} says where and of what size, {@link dev.rlcm.lora.LoraInjection} puts them into a
 * graph, {@link dev.rlcm.lora.LoraAdapter} holds their weights, {@code LoraReader} reads and {@code
 * LoraFiles} writes them.
 * Imports check, graph, rewrite, io, random, Jackson and RE2/J.
 */
@NullMarked
package dev.rlcm.lora;

import org.jspecify.annotations.NullMarked;
